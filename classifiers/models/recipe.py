"""How a publication trained its network."""

from dataclasses import dataclass
from typing import Literal

Schedule = Literal["plateau", "exponential", "constant"]


@dataclass(frozen=True)
class Recipe:
    """The training settings of a publication; where it is silent, those that its library takes by default."""

    epochs: int
    """Rounds over the training images at most."""
    augment: str = "none"
    """One of `augmentation.AUGMENTATIONS`: what `document` stands for."""
    batch_size: int = 32
    learning_rate: float = 1e-3
    """Of Adam."""
    l2: float = 0.0
    """Factor of the sum of squared kernels that is added to the loss."""
    schedule: Schedule = "constant"
    plateau_factor: float = 0.1
    plateau_patience: int = 10
    """Epochs without a lower validation loss."""
    decay_to: float = 1.0
    """Share of the learning rate that an exponential schedule leaves at the end."""
    patience: int | None = None
    """Epochs without a lower validation loss after which training stops; None: it never does."""
    keep: Literal["best", "last"] = "last"
    """Whether the weights of the best epoch are taken, or the last ones."""

    def steps(self, num_images: int) -> int:
        """Optimiser steps of all epochs over so many training images."""
        return self.epochs * -(-num_images // self.batch_size)
