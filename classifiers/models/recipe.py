"""How a publication trained its network."""

from dataclasses import dataclass
from typing import Literal

LearningRateSchedule = Literal["plateau", "exponential", "constant"]


@dataclass(frozen=True)
class Recipe:
    """The training settings of a publication; Keras' defaults where it gives none."""

    epochs: int
    """Passes over the training images at most."""
    augment: str = "none"
    """One of `augmentation.AUGMENTATIONS`: what `published` stands for."""
    batch_size: int = 32
    learning_rate: float = 1e-3
    """Of Adam."""
    l2: float = 0.0
    """Factor of the sum of squared kernels that is added to the loss."""
    schedule: LearningRateSchedule = "constant"
    plateau_factor: float = 0.1
    plateau_patience: int = 10
    """Epochs without a lower validation loss."""
    decay_to: float = 1.0
    """Share of the learning rate that an exponential schedule leaves at the end."""
    patience: int | None = None
    """Epochs without a lower validation loss after which training stops; None: it never stops early."""
    keep: Literal["best", "last"] = "last"
    """Keep the weights of the best epoch, or of the last one."""

    def steps(self, num_images: int) -> int:
        """Optimizer steps of all epochs over this many training images."""
        return self.epochs * -(-num_images // self.batch_size)
