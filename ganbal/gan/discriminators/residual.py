"""A discriminator of residual blocks without normalization (as in R3GAN, Huang et al. 2024, arXiv:2501.05441).

Its initial weights are those of fix-up initialization (Zhang et al. 2019, arXiv:1901.09321): every block starts as the
identity, and its first convolution is scaled down with the number of blocks, so that the size of a step does not grow
with the depth.
"""

import itertools

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from ganbal.config import GanConfig
from ganbal.gan.initialization import initialize_unnormalized
from ganbal.gan.networks import LEAKY_SLOPE, MinibatchStddev, channel_plan


class ResidualBlock(nn.Module):
    """x + second(f(first(f(x)))) with 3×3 convolutions and the leaky rectifier f; (B, C, H, W) to the same shape."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        inside = self.first(leaky_relu(features, LEAKY_SLOPE))
        return features + self.second(leaky_relu(inside, LEAKY_SLOPE))


class ResidualDiscriminator(nn.Module):
    """One residual block per resolution, from half the side down to 4 or 5 px; channels as in the DCGAN.

    Between blocks, 2×2 means halve the side and a 1×1 convolution changes the channels. Class-conditional logits are
    those of `networks.Discriminator`.
    """

    def __init__(
        self,
        image_size_px: int,
        base_channels: int,
        *,
        minibatch_stddev: bool = False,
        num_classes: int | None = None,
        image_channels: int = 1,
    ) -> None:
        super().__init__()
        start_px, channels = channel_plan(image_size_px, base_channels)
        channels = channels[::-1]
        layers: list[nn.Module] = [nn.Conv2d(image_channels, channels[0], 4, stride=2, padding=1)]
        for before, after in itertools.pairwise(channels):
            layers += [ResidualBlock(before), nn.AvgPool2d(2), nn.Conv2d(before, after, 1)]
        layers += [ResidualBlock(channels[-1]), nn.LeakyReLU(LEAKY_SLOPE)]
        if minibatch_stddev:
            layers.append(MinibatchStddev())
        layers.append(nn.Conv2d(channels[-1] + minibatch_stddev, 1 + (num_classes or 0), start_px))
        self.layers = nn.Sequential(*layers)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Logits (B,) of images (B, C, S, S) float in [-1, 1]; labels (B,) int64 where it is class-conditional."""
        outputs = self.layers(images).flatten(1)  # (B, 1 + classes)
        if labels is None:
            return outputs[:, 0]
        return outputs[:, 0] + outputs.gather(1, labels[:, None] + 1)[:, 0]


def initialize_fixup(network: ResidualDiscriminator, random: torch.Generator) -> None:
    """Set fix-up's initial weights; layers outside of blocks keep the size of activations (He et al. 2015)."""
    initialize_unnormalized(network, random)
    blocks = [module for module in network.modules() if isinstance(module, ResidualBlock)]
    for block in blocks:
        # Two layers per block: the first gets the number of blocks to the power of -1 / (2 · 2 - 2).
        nn.init.zeros_(block.second.weight)
        with torch.no_grad():
            block.first.weight.mul_(len(blocks) ** -0.5)


def residual_discriminator(
    config: GanConfig, num_classes: int | None, random: torch.Generator, seed: int, image_channels: int
) -> ResidualDiscriminator:
    network = ResidualDiscriminator(
        config.image_size_px,
        config.base_channels,
        minibatch_stddev=config.minibatch_stddev,
        num_classes=num_classes,
        image_channels=image_channels,
    )
    initialize_fixup(network, random)
    return network
