"""Labeled images, and the training set that an arm builds from them."""

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
        """Number of images per class: (num_classes,) int64."""
        return np.bincount(self.labels, minlength=num_classes).astype(np.int64)

    def at(self, rows: np.ndarray) -> "ImageSet":
        return ImageSet(self.pixels[rows], self.labels[rows])

    def joined(self, *others: "ImageSet") -> "ImageSet":
        """These images, followed by those of the others."""
        sets = (self, *others)
        return ImageSet(np.concatenate([s.pixels for s in sets]), np.concatenate([s.labels for s in sets]))


@dataclass(frozen=True)
class TrainingSet:
    """What one arm trains on.

    Attributes:
        num_synthetic: how many of the images are synthetic.
        class_weights: one positive factor per class for the loss of its images; None leaves the loss unweighted.
        sampling: every image once per epoch, or all classes equally often (see `classifiers.training.batches`).
        feature_oversampling: the method that adds examples in the classifier's feature space, or None.
        feature_additions: number of examples that it adds per class.
    """

    images: ImageSet
    num_synthetic: int = 0
    class_weights: tuple[float, ...] | None = None
    sampling: Sampling = "shuffled"
    feature_oversampling: Literal["smote"] | None = None
    feature_additions: tuple[int, ...] = ()

    @property
    def num_examples(self) -> int:
        """Images, and examples that are added in feature space."""
        return len(self.images.labels) + sum(self.feature_additions)
