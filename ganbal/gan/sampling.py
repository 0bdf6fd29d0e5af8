"""Generating images from latent vectors."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from classifiers.pixels import channels_last
from classifiers.training.precision import true_float32
from ganbal.gan.fingerprint import TrainingFingerprint
from ganbal.gan.networks import Generator


def latent_stream(seed: int, latent_dim: int) -> Iterator[Tensor]:
    """The latent vectors that belong to `seed`, one (latent_dim,) float32 after another, without end."""
    random = torch.Generator().manual_seed(seed)
    while True:
        yield torch.randn(latent_dim, generator=random)


def latent_rows(seed: int, count: int, latent_dim: int) -> Tensor:
    """The first `count` vectors of `latent_stream`: (count, latent_dim)."""
    return torch.stack(list(itertools.islice(latent_stream(seed, latent_dim), count)))


def as_pixels(images: Tensor) -> Tensor:
    """(B, C, S, S) in [-1, 1] to uint8 (B, S, S), or (B, S, S, 3) in color."""
    return channels_last(((images + 1.0) * 127.5).round().clamp(0, 255).to(torch.uint8))


@torch.no_grad()
def generate_images(
    generator: Generator, latents: Tensor, batch_size: int, labels: Tensor | None = None
) -> Iterator[np.ndarray]:
    """Yield the images of `latents` in batches, each (B, S, S) or (B, S, S, 3) uint8.

    The generator runs in evaluation mode and in float32, so that an image depends on its latent vector and label alone.

    Args:
        latents: (N, latent_dim) float32.
        labels: (N,) int64, for a class-conditional generator only.
    """
    was_training = generator.training
    generator.eval()
    device = next(generator.parameters()).device
    try:
        for rows in torch.arange(len(latents)).split(batch_size):
            chosen = None if labels is None else labels[rows].to(device)
            with true_float32():
                pixels = as_pixels(generator(latents[rows].to(device), chosen)).cpu().numpy()
            yield pixels
    finally:
        generator.train(was_training)


@dataclass(frozen=True)
class TrainedGenerator:
    """A generator from a checkpoint, for one class.

    Attributes:
        network: in evaluation mode.
        class_name: the class that it generates.
        label: its label, where the network is class-conditional; else None.
        step: number of training steps.
        sha256: digest of the checkpoint file.
        fingerprint: of its training.
    """

    network: Generator
    class_name: str
    label: int | None
    step: int
    sha256: str
    fingerprint: TrainingFingerprint

    @property
    def latent_dim(self) -> int:
        return self.network.latent_dim

    def generate(self, latents: Tensor, batch_size: int) -> Iterator[np.ndarray]:
        """Yield the images of `latents` (N, latent_dim) in batches, each (B, S, S) or (B, S, S, 3) uint8."""
        labels = None if self.label is None else torch.full((len(latents),), self.label)
        yield from generate_images(self.network, latents, batch_size, labels)
