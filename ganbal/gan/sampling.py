"""Drawing images from a generator."""

import itertools
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from ganbal.gan.networks import Generator


def latent_stream(seed: int, latent_dim: int) -> Iterator[Tensor]:
    """The latent vectors that belong to `seed`, one (latent_dim,) float32 after another, without end."""
    random = torch.Generator().manual_seed(seed)
    while True:
        yield torch.randn(latent_dim, generator=random)


def latent_rows(seed: int, count: int, latent_dim: int) -> Tensor:
    """The first `count` vectors of `latent_stream`: (count, latent_dim)."""
    return torch.stack(list(itertools.islice(latent_stream(seed, latent_dim), count)))


@torch.no_grad()
def draw_images(generator: Generator, latents: Tensor, batch_size: int) -> Iterator[np.ndarray]:
    """Yield the images of `latents` (N, latent_dim) in batches, each (B, S, S) uint8.

    The generator is used in evaluation mode and in float32, so that an image depends on its latent vector alone.
    """
    was_training = generator.training
    generator.eval()
    device = next(generator.parameters()).device
    try:
        for batch in latents.split(batch_size):
            images = generator(batch.to(device))[:, 0]
            yield ((images + 1.0) * 127.5).round().clamp(0, 255).to(torch.uint8).cpu().numpy()
    finally:
        generator.train(was_training)
