"""From images of any shape to squares."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from ganbal.config.data import Fit, NumChannels


def square_shape(size_px: int, channels: NumChannels) -> tuple[int, ...]:
    """The shape of one square: (S, S) in gray, (S, S, 3) in color."""
    return (size_px, size_px) if channels == 1 else (size_px, size_px, 3)


def to_square(image: np.ndarray, size_px: int, fit: Fit = "stretch") -> np.ndarray:
    """Resize to a square, antialiased (PIL bicubic, as Parmar et al. 2022 recommend for comparing image sets).

    `stretch` does not keep the aspect ratio: chests fill the radiograph, and cropping or padding would cut lung or add
    a border whose width gives the class away. `pad` makes the longer side fit and centers the image on black; `crop`
    takes the central square. An odd remainder leaves the image one pixel nearer to the top or the left.

    Args:
        image: (H, W) or (H, W, 3) uint8.

    Returns:
        (size_px, size_px) or (size_px, size_px, 3) uint8.
    """
    if fit == "crop":
        image = central_square(image)
    height, width = image.shape[:2]
    if fit == "stretch" or height == width:
        return _resized(image, (size_px, size_px))
    longer = max(height, width)
    # Smaller first, then the border: the border of a thin image at full size could take gigabytes.
    smaller = _resized(image, (_scaled(height, size_px, longer), _scaled(width, size_px, longer)))
    return _on_black(smaller, size_px)


def central_square(image: np.ndarray) -> np.ndarray:
    """The largest square in the middle of (H, W) or (H, W, 3)."""
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return image[top : top + side, left : left + side]


def padded_square(image: np.ndarray) -> np.ndarray:
    """(H, W) or (H, W, 3) in the middle of a black square whose side is the longer of the two."""
    return _on_black(image, max(image.shape[:2]))


def _scaled(length: int, size_px: int, longer: int) -> int:
    return max(1, round(length * size_px / longer))


def _on_black(image: np.ndarray, side: int) -> np.ndarray:
    height, width = image.shape[:2]
    if height == width == side:
        return image
    square = np.zeros((side, side, *image.shape[2:]), np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = image
    return square


def _resized(image: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """Resize to (height, width); an image of that shape is returned as it is."""
    height, width = shape
    if image.shape[:2] == (height, width):
        return image
    # PIL takes arrays that lie in one piece only.
    whole = Image.fromarray(np.ascontiguousarray(image))
    return np.asarray(whole.resize((width, height), Image.Resampling.BICUBIC))
