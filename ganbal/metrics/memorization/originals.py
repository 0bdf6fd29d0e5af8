"""Real images that cannot be copies of training images; the copy thresholds come from them.

Duplicates of training images are left out, because one or two percent of them make the lowest distances of real images
zero, and nothing could be closer. Data sets have them: 48 of 3,875 PNEUMONIA training images of the chest X-ray set.
"""

from dataclasses import dataclass
from typing import Literal

import torch

from ganbal.metrics.memorization.copies import NearestTraining, Views, nearest_training

MIN_HELD_OUT = 50
"""From fewer, a threshold varies too much: it is the lowest distance of a few images."""


@dataclass(frozen=True)
class Originals:
    """Distances of real images to the training images, without duplicates."""

    near: NearestTraining
    origin: Literal["held-out", "training"]
    """`training`: the training images, each against the others."""
    duplicates: int
    """Images of this origin that were left out, because they are the same as a training image (or another one)."""
    few_held_out: int | None = None
    """Number of held-out images without duplicates where they are too few; None where they were used or not given."""

    def __len__(self) -> int:
        return len(self.near)


def find_originals(training: Views, held_out: Views | None, *, device: torch.device | None = None) -> Originals:
    """The held-out images or, with fewer than 50 of them, the training images among themselves; possibly none.

    Args:
        training: images that the generator was trained on, at least two.
        held_out: real images that it was not trained on.
        device: CUDA device for the distances.
    """
    few = None
    if held_out is not None and len(held_out):
        near = nearest_training(held_out, training, device=device)
        few = len(near) - int(near.are_duplicates.sum())
        if few >= MIN_HELD_OUT:
            return Originals(near.select(~near.are_duplicates), "held-out", len(near) - few)
    near = nearest_training(training, training, same_set=True, device=device)
    return Originals(near.select(~near.are_duplicates), "training", int(near.are_duplicates.sum()), few)
