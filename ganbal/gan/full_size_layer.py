"""A nonlinear layer at the full size of the images, for their finest structures.

Without it, a generator's last layer doubles the side of its feature maps and makes the image in one linear step: what
is finer than a pixel of those maps is a linear function of them. A small network separates such images from real ones
by just these structures (docs/lab/generator.md).
"""

import torch
from torch import Tensor, nn

from ganbal.gan.class_batch_norm import apply_layer, batch_norm
from ganbal.gan.noise_input import NOISE_SEED, NoiseInput


class FullSizeLayer(nn.Module):
    """conv(ReLU(norm(up(x)) + noise)): what is added to the image before the hyperbolic tangent.

    `up` doubles the side; the convolution has 3×3 weights, which are 0 at first, so that training starts from the
    generator without this layer.

    Args:
        inputs: channels of the feature maps.
        channels: of this layer.
        latent_dim: L, length of the latent vectors.
        image_size_px: S, twice the side of the feature maps.
        image_channels: C of the images.
        num_classes: classes of a class-conditional generator; None for a plain one.
    """

    def __init__(
        self,
        inputs: int,
        channels: int,
        latent_dim: int,
        image_size_px: int,
        image_channels: int,
        num_classes: int | None = None,
    ) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(inputs, channels, 4, stride=2, padding=1, bias=False)
        self.norm = batch_norm(channels, num_classes)
        self.noise = NoiseInput(channels, latent_dim, image_size_px, torch.Generator().manual_seed(NOISE_SEED))
        self.to_image = nn.Conv2d(channels, image_channels, 3, padding=1)

    def forward(self, features: Tensor, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Features (B, inputs, S/2, S/2), latent vectors (B, L) and labels (B,) to (B, C, S, S)."""
        normalized = apply_layer(self.norm, self.up(features), labels)
        return self.to_image(self.noise(normalized, latents).relu())

    def start_at_zero(self) -> None:
        """Make the output 0, after the initial weights of all layers are set."""
        nn.init.zeros_(self.to_image.weight)
