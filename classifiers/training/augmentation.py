"""Random changes of training images, sampled by albumentations.

Each image is changed by its own random generator, seeded by (seed, step, position in the batch): the result
does not depend on the number of workers or on which of them processes the image.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from classifiers.errors import ClassifierInputError
from classifiers.training.augmentation_transforms import KerasMove, KerasZoom, Move, SmallMove, albumentations

Augmentation = Callable[[np.ndarray, Sequence[int]], np.ndarray]
"""(image (S, S) or (S, S, 3) uint8, entropy) → changed image of that shape.

Entropy are whole numbers that seed the change."""


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
            found=f"There is no augmentation {name!r}.",
            expected=f"The augmentations are {', '.join(AUGMENTATIONS)}.",
            action="Choose one of these.",
        )


def build_augmentation(name: str) -> Augmentation:
    """The augmentation `name`, any but "none"; for one thread at a time."""
    transforms = albumentations.Compose(_RECIPES[name]())

    def augment(image: np.ndarray, entropy: Sequence[int]) -> np.ndarray:
        transforms.set_random_state(*_random_state(entropy))
        return transforms(image=image)["image"]

    return augment


@dataclass(frozen=True)
class MoveSampler:
    """Samples the changes that `build_augmentation` makes, without making them; for one thread at a time.

    Attributes:
        mirrored_edges: what lies outside an image: its mirror image, or its edge pixels repeated.
    """

    mirrored_edges: bool
    _transforms: albumentations.Compose

    def sample(self, size_px: int, entropies: Sequence[Sequence[int]]) -> np.ndarray:
        """(N, 2, 3) float64: changed image i shows at pixel (x, y) what the image has at `result[i]` · (x, y, 1).

        All changes are moves and flips, so that one matrix and one resampling stand for them all.

        Args:
            size_px: side S of the images.
            entropies: of each of N images, whole numbers that seed its change.
        """
        sampled = [self._sample_one(entropy) for entropy in entropies]
        matrices = np.broadcast_to(np.eye(2, 3), (len(entropies), 2, 3))
        for number, transform in enumerate(self._transforms.transforms):
            of_images = [each[number] for each in sampled]
            rows = [row for row, values in enumerate(of_images) if values is not None]
            if rows:
                moves = _matrices_of(transform, [values for values in of_images if values is not None], size_px)
                matrices = _then(matrices, rows, moves)
        return matrices

    def _sample_one(self, entropy: Sequence[int]) -> list[dict[str, float] | None]:
        """What each transform samples for one image; None if it does not apply."""
        generator, python_random = _random_state(entropy)
        self._transforms.set_random_state(generator, python_random)
        # Compose spends one number on its own probability, which is 1; each transform samples after those before it.
        python_random.random()
        return [
            transform.get_params() if transform.should_apply() else None for transform in self._transforms.transforms
        ]


def build_move_sampler(name: str) -> MoveSampler:
    """The sampler of the augmentation `name`, any but "none"."""
    transforms = _RECIPES[name]()
    mirrored_edges = any(isinstance(transform, Move) and transform.mirrored_edges for transform in transforms)
    return MoveSampler(mirrored_edges, albumentations.Compose(transforms))


def _matrices_of(
    transform: albumentations.BasicTransform, sampled: Sequence[dict[str, float]], size_px: int
) -> np.ndarray:
    """(N, 2, 3), or (2, 3) where all are alike: the changes for which the transform sampled these values."""
    if isinstance(transform, albumentations.HorizontalFlip):
        return np.array([[-1.0, 0, size_px - 1], [0, 1, 0]])
    if isinstance(transform, albumentations.VerticalFlip):
        return np.array([[1.0, 0, 0], [0, -1, size_px - 1]])
    assert isinstance(transform, Move)
    values = {name: np.array([each[name] for each in sampled]) for name in sampled[0]}
    return transform.matrix(size_px, size_px, **values)


def _then(first: np.ndarray, rows: Sequence[int], second: np.ndarray) -> np.ndarray:
    """(N, 2, 3): the changes `first`, those in `rows` followed by the changes `second`."""
    total = first.copy()
    total[rows] = first[rows, :, :2] @ second
    total[rows, :, 2] += first[rows, :, 2]
    return total


def _random_state(entropy: Sequence[int]) -> tuple[np.random.Generator, random.Random]:
    """One pair of generators for all transforms: by default each gets its own, and all start at the same number.

    The first is that of `np.random.default_rng(entropy)`, which takes five times as long to read small numbers.
    """
    seeds = np.array(entropy, dtype=np.uint32) if max(entropy) < 2**32 else entropy
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seeds)))
    return generator, random.Random(int(generator.integers(2**63)))
