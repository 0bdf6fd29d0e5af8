"""Noise inputs of generators, for texture (as in StyleGAN2, Karras et al. 2020, arXiv:1912.04958)."""

import torch
from torch import Tensor, nn

NOISE_SEED = 0
"""Of the fixed projections from latent vectors to noise: the same in every network, so no checkpoint holds them."""


class NoiseInput(nn.Module):
    """Adds noise, the same in all channels, with a learned strength per channel that is 0 at first.

    The noise is a fixed random projection of the latent vector, of standard deviation 1 at every place. So it differs
    between images but is no further source of randomness: equal latent vectors give equal images, and the path between
    two of them is continuous.

    Args:
        latent_dim: L, length of the latent vectors.
        side_px: side of the feature maps.
        random: of the projection.
    """

    projection: Tensor

    def __init__(self, channels: int, latent_dim: int, side_px: int, random: torch.Generator) -> None:
        super().__init__()
        projection = torch.randn(latent_dim, side_px**2, generator=random)
        # Columns of unit length: each place is then standard normal, as the latent vector is.
        self.register_buffer("projection", projection / projection.norm(dim=0), persistent=False)
        self.strength = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, features: Tensor, latents: Tensor) -> Tensor:
        """Features (B, C, h, h) and latent vectors (B, L) to features of the same shape."""
        noise = (latents @ self.projection).unflatten(1, (1, *features.shape[-2:]))
        return features + (self.strength * noise).to(features.dtype)
