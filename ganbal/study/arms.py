"""Ways of making the training set: training images in, training images and class weights out."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ganbal.errors import InputError


@dataclass(frozen=True)
class ImageSet:
    """Images with their labels: `pixels` (N, S, S) uint8, `labels` (N,) int64."""

    pixels: np.ndarray
    labels: np.ndarray

    def __post_init__(self) -> None:
        assert len(self.pixels) == len(self.labels)


@dataclass(frozen=True)
class TrainingSet:
    """What one arm trains on.

    `class_weights` (one positive float a class) multiply the loss of that class's images; None leaves it as it is.
    """

    images: ImageSet
    num_synthetic: int = 0
    class_weights: tuple[float, ...] | None = None


@dataclass(frozen=True)
class Arm:
    """One way of making the training set; `build` gets the real and the synthetic images and a random generator."""

    name: str
    title: str
    build: Callable[[ImageSet, ImageSet, np.random.Generator], TrainingSet]
    needs_synthetic: bool = False


def imbalanced(real: ImageSet, synthetic: ImageSet, random: np.random.Generator) -> TrainingSet:
    """The real images as they are."""
    return TrainingSet(real)


def class_weights(real: ImageSet, synthetic: ImageSet, random: np.random.Generator) -> TrainingSet:
    """The real images; each class weighs N / (number of classes · its count), so that all classes weigh the same."""
    counts = np.bincount(real.labels)
    weights = len(real.labels) / (len(counts) * counts)
    return TrainingSet(real, class_weights=tuple(float(weight) for weight in weights))


def duplicated(real: ImageSet, synthetic: ImageSet, random: np.random.Generator) -> TrainingSet:
    """Copies of real images, drawn so that no image is copied twice more than another, fill every smaller class.

    The control that synthetic images have to beat: as many images, nothing new in them.
    """
    counts = np.bincount(real.labels)
    extra = [
        _draw_evenly(np.flatnonzero(real.labels == label), counts.max() - count, random)
        for label, count in enumerate(counts)
    ]
    rows = np.concatenate([np.arange(len(real.labels)), *extra])
    return TrainingSet(ImageSet(real.pixels[rows], real.labels[rows]))


def gan(real: ImageSet, synthetic: ImageSet, random: np.random.Generator) -> TrainingSet:
    """The real images and all synthetic ones."""
    joined = ImageSet(np.concatenate([real.pixels, synthetic.pixels]), np.concatenate([real.labels, synthetic.labels]))
    return TrainingSet(joined, num_synthetic=len(synthetic.labels))


ARMS = {
    arm.name: arm
    for arm in (
        Arm("imbalanced", "Real images only", imbalanced),
        Arm("class-weights", "Real images, weighted loss", class_weights),
        Arm("duplicated", "Real images, minority duplicated", duplicated),
        Arm("gan", "Real and GAN images", gan, needs_synthetic=True),
    )
}

BASELINE = "imbalanced"


def find_arm(name: str) -> Arm:
    """The arm called `name`.

    Raises:
        InputError: there is none.
    """
    if name not in ARMS:
        raise InputError(
            expected=f"arms among {', '.join(ARMS)}",
            found=f"{name!r}",
            action="Correct study.arms, e.g. --set study.arms=[imbalanced,gan].",
        )
    return ARMS[name]


def _draw_evenly(rows: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
    """`count` of `rows`, in rounds: every row is drawn once before any is drawn again."""
    rounds = [random.permutation(rows) for _ in range(-(-count // len(rows)))]
    return np.concatenate([np.empty(0, dtype=rows.dtype), *rounds])[:count]
