"""Random moves of images as albumentations transforms: zoom, rotation, shift and shear in one resampling.

A move is one matrix per image: OpenCV applies it here, on the host; `device_augmentation` applies many on a GPU.
"""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

# albumentations asks a server for its newest version when it is imported; training must not go online.
os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"

import albumentations
import cv2


class Move(albumentations.ImageOnlyTransform):
    """A transform that shows every pixel of an image at another place, with linear interpolation."""

    mirrored_edges = False
    """What lies outside the image: its mirror image, or its edge pixels repeated."""

    matrix: Callable[..., np.ndarray]
    """(height, width, what `get_params` sampled) → (2, 3) float64: the changed image shows at pixel (x, y) what this
    one has at `matrix` · (x, y, 1). With arrays (N,) of sampled values: (N, 2, 3)."""

    def apply(self, img: np.ndarray, **params: object) -> np.ndarray:
        height, width = img.shape[:2]
        sampled = {name: value for name, value in params.items() if name != "shape"}  # the library adds it
        border = cv2.BORDER_REFLECT if self.mirrored_edges else cv2.BORDER_REPLICATE
        matrix, flags = self.matrix(height, width, **sampled), cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(img, matrix, (width, height), flags=flags, borderMode=border)


class KerasZoom(Move):
    """Keras' `zoom_range`: width and height zoomed independently, edges repeated outwards.

    As in Keras, a factor is the extent of the image that is shown: 0.7 enlarges the middle, 1.3 shows the whole image
    smaller.
    """

    class InitSchema(albumentations.BasicTransform.InitSchema):
        zoom_range: float

    def __init__(self, zoom_range: float, p: float = 1.0) -> None:
        super().__init__(p=p)
        self.zoom_range = zoom_range

    def get_params(self) -> dict[str, float]:
        low, high = 1 - self.zoom_range, 1 + self.zoom_range
        return {"factor_x": self.py_random.uniform(low, high), "factor_y": self.py_random.uniform(low, high)}

    def matrix(self, height: int, width: int, *, factor_x: ArrayLike, factor_y: ArrayLike) -> np.ndarray:
        nothing = np.multiply(factor_x, 0)
        return _about_middle((factor_x, nothing, nothing, factor_y), (0, 0), height, width)


class SmallMove(Move):
    """Small changes of position: rotation, shift and scale in one step. No mirroring: the heart is on the left.

    The library's own Affine takes two to three times as long, most of it for boxes and masks, which are not used here.
    """

    class InitSchema(albumentations.BasicTransform.InitSchema):
        zoom: float
        shift: float
        turn_degrees: float

    def __init__(self, zoom: float, shift: float, turn_degrees: float, p: float = 1.0) -> None:
        """Limits of uniform distributions: the scale as 1 ± zoom, the shift as a fraction of the side."""
        super().__init__(p=p)
        self.zoom, self.shift, self.turn_degrees = zoom, shift, turn_degrees

    def get_params(self) -> dict[str, float]:
        either_way = {"zoom": self.zoom, "turn": self.turn_degrees, "shift_x": self.shift, "shift_y": self.shift}
        return {name: self.py_random.uniform(-most, most) for name, most in either_way.items()}

    def matrix(
        self, height: int, width: int, *, zoom: ArrayLike, turn: ArrayLike, shift_x: ArrayLike, shift_y: ArrayLike
    ) -> np.ndarray:
        scale, shift = 1 / (1 + np.asarray(zoom)), (np.multiply(shift_x, width), np.multiply(shift_y, height))
        cosine, sine = (scale * function(np.radians(turn)) for function in (np.cos, np.sin))
        return _about_middle((cosine, -sine, sine, cosine), shift, height, width)


class KerasMove(Move):
    """Keras' rotation, shift, shear and zoom in one resampling, each from a uniform distribution around no change."""

    class InitSchema(albumentations.BasicTransform.InitSchema):
        zoom: float
        zooms_apart: bool
        turn_degrees: float
        shear_degrees: float
        shift: float
        mirrored_edges: bool

    def __init__(
        self,
        zoom: float = 0.0,
        zooms_apart: bool = True,
        turn_degrees: float = 0.0,
        shear_degrees: float = 0.0,
        shift: float = 0.0,
        mirrored_edges: bool = False,
        p: float = 1.0,
    ) -> None:
        """Values as given to Keras; a shift is a fraction of the side.

        Args:
            zooms_apart: whether width and height are zoomed by factors of their own (`ImageDataGenerator`) or by one
                (the layer `RandomZoom`).
            mirrored_edges: as in Keras' layers; `ImageDataGenerator` repeats the edge pixels.
        """
        super().__init__(p=p)
        self.zoom, self.zooms_apart, self.shift = zoom, zooms_apart, shift
        self.turn_degrees, self.shear_degrees, self.mirrored_edges = turn_degrees, shear_degrees, mirrored_edges

    def get_params(self) -> dict[str, float]:
        factor_x = self.py_random.uniform(1 - self.zoom, 1 + self.zoom)
        factor_y = self.py_random.uniform(1 - self.zoom, 1 + self.zoom) if self.zooms_apart else factor_x
        most = {
            "turn": self.turn_degrees,
            "shear": self.shear_degrees,
            "shift_x": self.shift,
            "shift_y": self.shift,
        }
        sampled = {name: self.py_random.uniform(-limit, limit) for name, limit in most.items()}
        return {"factor_x": factor_x, "factor_y": factor_y, **sampled}

    def matrix(
        self,
        height: int,
        width: int,
        *,
        factor_x: ArrayLike,
        factor_y: ArrayLike,
        turn: ArrayLike,
        shear: ArrayLike,
        shift_x: ArrayLike,
        shift_y: ArrayLike,
    ) -> np.ndarray:
        cosine, sine = np.cos(np.radians(turn)), np.sin(np.radians(turn))
        slant, lean = np.cos(np.radians(shear)), np.sin(np.radians(shear))
        # Rotation · shear [[slant, 0], [-lean, 1]] · diagonal of the factors.
        left = factor_x * (cosine * slant + sine * lean), factor_x * (sine * slant - cosine * lean)
        right = factor_y * -sine, factor_y * cosine
        shift = np.multiply(shift_x, width), np.multiply(shift_y, height)
        return _about_middle((left[0], right[0], left[1], right[1]), shift, height, width)


def _about_middle(turn: tuple[Any, Any, Any, Any], shift: tuple[Any, Any], height: int, width: int) -> np.ndarray:
    """The pixel at x from the middle shows what is at `turn` · x + `shift` from it, in (column, row) order.

    Args:
        turn: the rows of a 2 x 2 matrix, one after the other; all are numbers, or all are arrays (N,).
        shift: numbers, or arrays (N,).

    Returns:
        (2, 3), or (N, 2, 3).
    """
    (a, b, c, d), (shift_x, shift_y) = turn, shift
    x, y = (width - 1) / 2, (height - 1) / 2
    matrix = np.array([[a, b, x + shift_x - a * x - b * y], [c, d, y + shift_y - c * x - d * y]])
    return matrix if matrix.ndim == 2 else np.moveaxis(matrix, -1, 0)
