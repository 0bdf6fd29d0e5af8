"""What arms are made from and what comes out: labelled images, and how they are to be trained on."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

Sampling = Literal["shuffled", "class-balanced"]


@dataclass(frozen=True)
class ImageSet:
    """Images with their labels: `pixels` (N, S, S) uint8, `labels` (N,) int64."""

    pixels: np.ndarray
    labels: np.ndarray

    def __post_init__(self) -> None:
        assert len(self.pixels) == len(self.labels)

    def counts(self, num_classes: int) -> np.ndarray:
        """Images of each class: (num_classes,) int64."""
        return np.bincount(self.labels, minlength=num_classes).astype(np.int64)

    def at(self, rows: np.ndarray) -> "ImageSet":
        return ImageSet(self.pixels[rows], self.labels[rows])

    def joined(self, *others: "ImageSet") -> "ImageSet":
        """These images, then those of the others."""
        sets = (self, *others)
        return ImageSet(np.concatenate([s.pixels for s in sets]), np.concatenate([s.labels for s in sets]))


@dataclass(frozen=True)
class TrainingSet:
    """What one arm trains on.

    Attributes:
        num_synthetic: how many of the images are synthetic.
        class_weights: one positive float a class, multiplied with the loss of that class's images; None leaves it be.
        sampling: every image once a round, or all classes equally often (see `classifiers.training.batches`).
        feature_oversampling: what makes further examples out of the classifier's features; None: nothing.
        feature_additions: how many of each class it makes.
    """

    images: ImageSet
    num_synthetic: int = 0
    class_weights: tuple[float, ...] | None = None
    sampling: Sampling = "shuffled"
    feature_oversampling: Literal["smote"] | None = None
    feature_additions: tuple[int, ...] = ()

    @property
    def num_examples(self) -> int:
        """Images, and what is made out of features."""
        return len(self.images.labels) + sum(self.feature_additions)
