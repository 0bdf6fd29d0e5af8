"""Random changes of training images; the one file that knows albumentations.

Each image is changed by its own random generator, seeded by (seed, step, position in the batch): the result
does not depend on the number of workers or on which of them processes the image.
"""

import math
import os
import random
from collections.abc import Callable, Sequence

import numpy as np

# albumentations asks a server for its newest version when it is imported; training must not go online.
os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"

import albumentations
import cv2

from classifiers.errors import ClassifierInputError

Augmentation = Callable[[np.ndarray, Sequence[int]], np.ndarray]
"""(image (S, S) uint8, entropy) → changed image of that shape; entropy: whole numbers that seed the change."""


class KerasZoom(albumentations.ImageOnlyTransform):
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

    def apply(self, img: np.ndarray, factor_x: float, factor_y: float, **params: object) -> np.ndarray:
        return _resample(img, [[factor_x, 0], [0, factor_y]], (0, 0))


class SmallMove(albumentations.ImageOnlyTransform):
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

    def apply(
        self, img: np.ndarray, zoom: float, turn: float, shift_x: float, shift_y: float, **params: object
    ) -> np.ndarray:
        cosine, sine = (function(math.radians(turn)) / (1 + zoom) for function in (math.cos, math.sin))
        return _resample(img, [[cosine, -sine], [sine, cosine]], (shift_x * img.shape[1], shift_y * img.shape[0]))


class KerasMove(albumentations.ImageOnlyTransform):
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
            mirrored_edges: what lies outside the image: its mirror image (Keras' layers) or its edge pixels repeated
                (`ImageDataGenerator`).
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
        drawn = {name: self.py_random.uniform(-limit, limit) for name, limit in most.items()}
        return {"factor_x": factor_x, "factor_y": factor_y, **drawn}

    def apply(
        self,
        img: np.ndarray,
        factor_x: float,
        factor_y: float,
        turn: float,
        shear: float,
        shift_x: float,
        shift_y: float,
        **params: object,
    ) -> np.ndarray:
        cosine, sine = math.cos(math.radians(turn)), math.sin(math.radians(turn))
        slant, lean = math.cos(math.radians(shear)), math.sin(math.radians(shear))
        turned = np.array([[cosine, -sine], [sine, cosine]]) @ np.array([[slant, 0.0], [-lean, 1.0]])
        shift = (shift_x * img.shape[1], shift_y * img.shape[0])
        border = cv2.BORDER_REFLECT if self.mirrored_edges else cv2.BORDER_REPLICATE
        return _resample(img, turned @ np.diag([factor_x, factor_y]), shift, border)


def _resample(
    image: np.ndarray,
    turn: np.ndarray | list[list[float]],
    shift: tuple[float, float],
    border: int = cv2.BORDER_REPLICATE,
) -> np.ndarray:
    """The image whose pixel at x (from the middle) shows `turn` · x + `shift` of this one, in (column, row) order.

    Linear interpolation; outside its edges an image continues as `border` says, by default with its edge pixels.
    """
    height, width = image.shape[:2]
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    offset = middle + np.array(shift) - np.array(turn) @ middle
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(image, np.column_stack([turn, offset]), (width, height), flags=flags, borderMode=border)


def _anatomical() -> list[albumentations.BasicTransform]:
    return [SmallMove(zoom=0.1, shift=0.05, turn_degrees=7)]


def _zoom_vertical_flip() -> list[albumentations.BasicTransform]:
    """The Springboard and Portsmouth reports': zoom_range 0.3 and vertical flips."""
    return [KerasZoom(zoom_range=0.3), albumentations.VerticalFlip(p=0.5)]


def _shear_zoom_flip() -> list[albumentations.BasicTransform]:
    """The CUNY report's: shear_range 0.2, which Keras takes for degrees, zoom_range 0.2 and horizontal flips."""
    return [KerasMove(zoom=0.2, shear_degrees=0.2), albumentations.HorizontalFlip(p=0.5)]


def _flip_rotation_zoom() -> list[albumentations.BasicTransform]:
    """The three-networks report's: horizontal flips, RandomRotation(0.2), which is 72 degrees, RandomZoom(0.1)."""
    move = KerasMove(zoom=0.1, zooms_apart=False, turn_degrees=72, mirrored_edges=True)
    return [albumentations.HorizontalFlip(p=0.5), move]


def _rotation_flip_zoom_shift() -> list[albumentations.BasicTransform]:
    """The SR University report's; it gives no values; these are common ones."""
    return [KerasMove(zoom=0.1, turn_degrees=10, shift=0.1), albumentations.HorizontalFlip(p=0.5)]


_RECIPES: dict[str, Callable[[], list[albumentations.BasicTransform]]] = {
    "anatomical": _anatomical,
    "published": _zoom_vertical_flip,
    "zoom-vertical-flip": _zoom_vertical_flip,
    "shear-zoom-flip": _shear_zoom_flip,
    "flip-rotation-zoom": _flip_rotation_zoom,
    "rotation-flip-zoom-shift": _rotation_flip_zoom_shift,
}

AUGMENTATIONS = ("none", *_RECIPES)


def check_augmentation(name: str) -> None:
    """Check that the augmentation `name` exists.

    Raises:
        ClassifierInputError: it does not exist.
    """
    if name not in AUGMENTATIONS:
        raise ClassifierInputError(
            expected=f"an augmentation among {', '.join(AUGMENTATIONS)}", found=f"{name!r}", action="Take one of these."
        )


def build_augmentation(name: str) -> Augmentation:
    """The augmentation `name`, any but "none"; for one thread at a time."""
    transforms = albumentations.Compose(_RECIPES[name]())

    def augment(image: np.ndarray, entropy: Sequence[int]) -> np.ndarray:
        generator = np.random.default_rng(entropy)
        # One pair of generators for all transforms: by default each gets its own, and all start at the same number.
        transforms.set_random_state(generator, random.Random(int(generator.integers(2**63))))
        return transforms(image=image)["image"]

    return augment
