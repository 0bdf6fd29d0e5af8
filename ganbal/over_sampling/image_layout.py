"""Arrays of images as users have them, to gray or RGB bytes and back."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal

import numpy as np
from PIL import Image

from ganbal.errors import InputError

ValueRange = Literal["auto"] | tuple[float, float]
_CHANNELS = (1, 3)


@dataclass(frozen=True)
class ImageLayout:
    """How images lie in an array X, and what their values mean.

    Attributes:
        row_shape: shape of one entry of X: (H, W), (H, W, C), (C, H, W), or (D,) for a flat vector.
        image_shape: the shape of the image in it; the same, except for flat vectors.
        dtype: of X.
        low, high: the values of X that are black and white.
    """

    row_shape: tuple[int, ...]
    image_shape: tuple[int, ...]
    dtype: np.dtype
    low: float
    high: float

    @classmethod
    def of(
        cls, images: np.ndarray, image_shape: Sequence[int] | None = None, value_range: ValueRange = "auto"
    ) -> "ImageLayout":
        """The layout of X.

        Args:
            images: (N, H, W), (N, H, W, C) or (N, C, H, W) with 1 or 3 channels; (N, D) with an `image_shape`.
            image_shape: of the image in every entry; one number may be -1, as for `numpy.reshape`.
            value_range: the values that are black and white; all others lie between them. "auto": 0 and 255 for uint8;
                0 and 1 for floats that lie between them; otherwise the least and the greatest value of X.

        Raises:
            InputError: another shape; values that are not finite numbers, or outside the range; no such range.
        """
        if not (np.issubdtype(images.dtype, np.number) or images.dtype == bool) or np.iscomplexobj(images):
            raise _wrong(images, f"values of {images.dtype}")
        if images.dtype.kind == "f" and not np.isfinite(images).all():
            raise _wrong(images, "values that are not finite (NaN or infinite)")
        shape = _image_shape(images, image_shape)
        low, high = _range_of(images) if _is_auto(value_range) else _given_range(images, value_range)
        return cls(images.shape[1:], shape, images.dtype, low, high)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the images in pixels."""
        height, width = self.image_shape[1:] if self._is_channel_first else self.image_shape[:2]
        return height, width

    @property
    def is_color(self) -> bool:
        return len(self.image_shape) == 3 and self.image_shape[0 if self._is_channel_first else 2] == 3

    def to_pixels(self, images: np.ndarray) -> np.ndarray:
        """Entries of X to uint8 (N, H, W), or (N, H, W, 3) in color."""
        shaped = images.reshape(-1, *self.image_shape)
        if self._is_channel_first:
            shaped = np.moveaxis(shaped, 1, 3)
        if shaped.ndim == 4 and not self.is_color:
            shaped = shaped[..., 0]
        if self.dtype == np.uint8 and (self.low, self.high) == (0, 255):
            return shaped
        scaled = (shaped.astype(np.float64) - self.low) * (255 / (self.high - self.low))
        return np.rint(scaled).clip(0, 255).astype(np.uint8)

    def from_pixels(self, pixels: np.ndarray) -> np.ndarray:
        """uint8 (N, H, W) or (N, H, W, 3) to entries of X."""
        values = pixels
        if not (self.dtype == np.uint8 and (self.low, self.high) == (0, 255)):
            exact = self.low + pixels * ((self.high - self.low) / 255)
            values = (exact if self.dtype.kind == "f" else np.rint(exact)).astype(self.dtype)
        if self.is_color and self._is_channel_first:
            values = np.moveaxis(values, 3, 1)
        return values.reshape(-1, *self.row_shape)

    @property
    def _is_channel_first(self) -> bool:
        shape = self.image_shape
        return len(shape) == 3 and shape[2] not in _CHANNELS


def resized(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize images to (height, width), antialiased (PIL bicubic).

    Args:
        pixels: uint8 (N, H, W) or (N, H, W, 3).

    Returns:
        uint8 (N, height, width) or (N, height, width, 3).
    """
    if pixels.shape[1:3] == size:
        return pixels
    height, width = size
    images = (Image.fromarray(np.ascontiguousarray(image)) for image in pixels)
    return np.stack([np.asarray(image.resize((width, height), Image.Resampling.BICUBIC)) for image in images])


def _image_shape(images: np.ndarray, given: Sequence[int] | None) -> tuple[int, ...]:
    if given is None:
        shape = images.shape[1:]
        if len(shape) == 1:
            raise _wrong(images, "flat vectors, and image_shape is not given")
    else:
        shape = _completed(tuple(int(side) for side in given), math.prod(images.shape[1:]))
        if math.prod(shape) != math.prod(images.shape[1:]):
            raise _wrong(images, f"{math.prod(images.shape[1:])} values per image, and image_shape is {tuple(given)}")
    is_image = len(shape) == 2 or (len(shape) == 3 and (shape[2] in _CHANNELS or shape[0] in _CHANNELS))
    if not is_image or min(shape) < 1:
        raise _wrong(images, f"images of shape {shape}")
    return shape


def _completed(shape: tuple[int, ...], count: int) -> tuple[int, ...]:
    """The shape with the one side that is -1 computed from the number of values."""
    if shape.count(-1) != 1:
        return shape
    others = math.prod(side for side in shape if side != -1)
    return tuple(count // max(others, 1) if side == -1 else side for side in shape)


def _is_auto(value_range: Any) -> bool:
    return isinstance(value_range, str) and value_range == "auto"


def _given_range(images: np.ndarray, given: Any) -> tuple[float, float]:
    """The two numbers, checked against the values of X and what its dtype can hold."""
    sides = list(given) if isinstance(given, tuple | list | np.ndarray) else []
    if len(sides) != 2 or not all(isinstance(side, Real) and not isinstance(side, bool) for side in sides):
        raise _no_range(given)
    low, high = map(float, sides)
    if not (low < high and math.isfinite(high - low)):
        raise _no_range(given)
    _check_inside(images, low, high)
    return low, high


def _check_inside(images: np.ndarray, low: float, high: float) -> None:
    """Check that X lies in the range, up to the rounding of its dtype, and can hold all of it."""
    kind = images.dtype.kind
    rounding = float(np.finfo(images.dtype).eps) * max(abs(low), abs(high)) if kind == "f" else 0.0
    least, greatest = (float(images.min()), float(images.max())) if images.size else (low, high)
    if least < low - rounding or greatest > high + rounding:
        raise InputError(
            found=f"X has values from {least:g} to {greatest:g}, and value_range is ({low:g}, {high:g}).",
            expected="The range goes from the value of black to that of white, and all values lie in it.",
            action='Widen value_range, or leave it at "auto".',
        )
    smallest, largest = (np.iinfo(images.dtype).min, np.iinfo(images.dtype).max) if kind in "iu" else (0, 1)
    if kind != "f" and (low < smallest or high > largest):
        raise InputError(
            found=f"X is {images.dtype}, which has values from {smallest} to {largest}, and value_range is "
            f"({low:g}, {high:g}).",
            expected="Generated images have the dtype of X, and their values fill the range.",
            action="Convert X to floats, or narrow value_range.",
        )


def _no_range(given: Any) -> InputError:
    return InputError(
        found=f"value_range is {given!r}.",
        expected='It must be "auto", or two finite numbers: the value of black and a greater one of white.',
        action="Correct it, such as (0, 255) or (-1, 1).",
    )


def _range_of(images: np.ndarray) -> tuple[float, float]:
    if images.dtype == np.uint8:
        return 0.0, 255.0
    if images.dtype == bool or images.size == 0:
        return 0.0, 1.0
    least, greatest = float(images.min()), float(images.max())
    if images.dtype.kind == "f" and least >= 0 and greatest <= 1:
        return 0.0, 1.0
    return (least, greatest) if least < greatest else (least, least + 1)


def _wrong(images: np.ndarray, what: str) -> InputError:
    return InputError(
        found=f"X is an array {images.shape} of {images.dtype}: {what}.",
        expected="It must hold finite numbers: (N, H, W) gray images, (N, H, W, C) or (N, C, H, W) with 1 or 3 "
        "channels, or flat vectors (N, D) with image_shape=(H, W), (H, W, 3) or (3, H, W).",
        action="Convert or reshape it.",
    )
