"""The settings of one training."""

from dataclasses import dataclass
from typing import Literal

from classifiers.errors import ClassifierInputError
from classifiers.precision import Precision


@dataclass(frozen=True)
class TrainingConfig:
    """How to train. Every arm of a study gets the same number of steps, however many images it has.

    Raises:
        ClassifierInputError: a number no training can work with; all such are told at once.
    """

    steps: int
    """Optimiser steps at most."""
    checks: int = 20
    """How many times, evenly spaced over the steps, the validation images are looked at."""
    patience: int = 5
    """Checks in a row without a lower validation loss after which training stops."""
    batch_size: int = 32
    learning_rate: float = 1e-3
    augment: str = "none"
    """One of `augmentation.AUGMENTATIONS`."""
    seed: int = 0
    """Of the initial weights, the order of the images, dropout and augmentation."""
    class_weights: tuple[float, ...] | None = None
    """One positive number a class, multiplied with the loss of its training images."""
    plateau_factor: float = 0.3
    """What the learning rate is multiplied with on a plateau."""
    plateau_patience: int = 2
    """Checks in a row without a lower validation loss that make a plateau."""
    precision: Literal["auto"] | Precision = "auto"
    """`auto`: bfloat16 where the hardware multiplies it, else float32."""
    num_workers: int | None = None
    """Threads that augment images ahead of the training; None: as the machine has cores to spare."""

    def __post_init__(self) -> None:
        least = {"steps": 1, "checks": 1, "patience": 1, "batch_size": 2, "plateau_patience": 1, "seed": 0}
        wrong = [f"{name} = {getattr(self, name)}" for name, low in least.items() if getattr(self, name) < low]
        if self.num_workers is not None and self.num_workers < 1:
            wrong.append(f"num_workers = {self.num_workers}")
        if not self.learning_rate > 0:
            wrong.append(f"learning_rate = {self.learning_rate}")
        if not 0 < self.plateau_factor < 1:
            wrong.append(f"plateau_factor = {self.plateau_factor}")
        if wrong:
            raise ClassifierInputError(
                expected="at least 1 step, check, worker and patience, batches of 2 or more (batch normalisation needs "
                "them), a seed from 0, a learning rate above 0, a plateau factor between 0 and 1",
                found=", ".join(wrong),
                action="Correct the training settings.",
            )
