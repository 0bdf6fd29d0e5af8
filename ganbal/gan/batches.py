"""Which training images make up a batch."""

from typing import Protocol

import torch
from torch import Tensor

from classifiers.pixels import channels_first


class RowSampler(Protocol):
    """Samples training images by row."""

    def sample(self, size: int, random: torch.Generator) -> tuple[Tensor, Tensor | None]:
        """Rows (size,) int64 and, for class-conditional networks, labels (size,) int64."""


class UniformRows:
    """Images of one class, each with the same probability."""

    def __init__(self, num_images: int) -> None:
        self._num_images = num_images

    def sample(self, size: int, random: torch.Generator) -> tuple[Tensor, Tensor | None]:
        return torch.randint(self._num_images, (size,), generator=random, device=random.device), None


class ClassBalancedRows:
    """Images of several classes, as many of each class as of any other (or one fewer).

    Args:
        labels: (N,) int64, each of 0 to K - 1 at least once.
    """

    def __init__(self, labels: Tensor) -> None:
        self._order = torch.argsort(labels, stable=True)
        self._counts = torch.bincount(labels)
        self._starts = torch.cumsum(self._counts, 0) - self._counts

    def sample(self, size: int, random: torch.Generator) -> tuple[Tensor, Tensor | None]:
        """Neighbors differ in class, so that slices of a batch are balanced as well."""
        device, num_classes = random.device, len(self._counts)
        first = torch.randint(num_classes, (1,), generator=random, device=device)
        labels = (first + torch.arange(size, device=device)) % num_classes
        places = torch.randint(2**40, (size,), generator=random, device=device) % self._counts[labels]
        return self._order[self._starts[labels] + places], labels


def to_network_range(pixels: Tensor) -> Tensor:
    """(B, S, S) or (B, S, S, 3) uint8 to (B, 1 or 3, S, S) float32 in [-1, 1]."""
    return channels_first(pixels).float() / 127.5 - 1.0
