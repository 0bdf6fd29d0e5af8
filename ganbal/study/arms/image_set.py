"""Labeled images, and the training set that an arm builds from them."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

Sampling = Literal["shuffled", "class-balanced"]
SyntheticUse = Literal["alike", "weighted", "first", "separate-batch-norm"]
"""How a training uses synthetic images: like real ones, with a lower weight, only in the first steps, or with batch
normalization of their own."""


@dataclass(frozen=True)
class ImageSet:
    """Images with their labels: `pixels` (N, S, S) or (N, S, S, 3) uint8, `labels` (N,) int64."""

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
        is_synthetic: (N,) bool; None where synthetic images are used like real ones.
        synthetic_use: how the training uses them.
    """

    images: ImageSet
    num_synthetic: int = 0
    class_weights: tuple[float, ...] | None = None
    sampling: Sampling = "shuffled"
    feature_oversampling: Literal["smote"] | None = None
    feature_additions: tuple[int, ...] = ()
    is_synthetic: np.ndarray | None = None
    synthetic_use: SyntheticUse = "alike"

    def using_synthetic(self, use: SyntheticUse) -> "TrainingSet":
        """This set with another use of its synthetic images, which are the last `num_synthetic` ones."""
        is_synthetic = np.arange(len(self.images.labels)) >= len(self.images.labels) - self.num_synthetic
        return replace(self, is_synthetic=is_synthetic, synthetic_use=use)

    @property
    def num_examples(self) -> int:
        """Images, and examples that are added in feature space."""
        return len(self.images.labels) + sum(self.feature_additions)
