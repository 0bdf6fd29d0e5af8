"""What an arm says about itself."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ganbal.study.arms.image_set import ImageSet, TrainingSet

Build = Callable[[ImageSet, ImageSet, np.ndarray, np.random.Generator], TrainingSet]
"""(real images, synthetic images, how many to add of each class (K,) int64, random generator) to a training set."""

SyntheticNeeded = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""(real images of each class (K,), how many to add of each (K,)) to the synthetic images needed of each (K,) int64."""


@dataclass(frozen=True)
class Arm:
    """One way of making the training set.

    Attributes:
        title: how a report calls it.
        adds_images: whether it takes notice of how many are to be added, so that there can be ratios of it.
        synthetic_needed: None where it takes no synthetic images.
    """

    name: str
    title: str
    build: Build
    adds_images: bool = False
    synthetic_needed: SyntheticNeeded | None = None

    @property
    def needs_synthetic(self) -> bool:
        return self.synthetic_needed is not None
