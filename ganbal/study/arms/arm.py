"""An arm: one way of building the training set."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ganbal.study.arms.image_set import ImageSet, TrainingSet

Build = Callable[[ImageSet, ImageSet, np.ndarray, np.random.Generator], TrainingSet]
"""(real images, synthetic images, number to add per class (K,) int64, random generator) to a training set."""

SyntheticNeeded = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""(real images per class (K,), number to add per class (K,)) to the synthetic images needed per class (K,) int64."""


@dataclass(frozen=True)
class Arm:
    """One way of building the training set.

    Attributes:
        title: its description in reports.
        adds_images: whether it adds images, so that a study can vary how many (study.synthetic_ratios).
        synthetic_needed: None if it uses no synthetic images.
        settings: names of the fields of `StudyConfig` that no other arm depends on.
    """

    name: str
    title: str
    build: Build
    adds_images: bool = False
    synthetic_needed: SyntheticNeeded | None = None
    settings: tuple[str, ...] = ()

    @property
    def needs_synthetic(self) -> bool:
        return self.synthetic_needed is not None
