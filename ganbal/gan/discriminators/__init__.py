"""Discriminators by their names in `gan.discriminators`. A new one is one new file and one line in `DISCRIMINATORS`."""

from collections.abc import Callable

import torch
from torch import nn

from ganbal.config import GanConfig
from ganbal.gan.discriminators.combination import Combination
from ganbal.gan.discriminators.patches import patch_discriminator
from ganbal.gan.discriminators.projected import projected_discriminator
from ganbal.gan.discriminators.residual import residual_discriminator
from ganbal.gan.initialization import DISCRIMINATOR_INITIALIZERS, add_spectral_norm
from ganbal.gan.networks import Discriminator

__all__ = ["DISCRIMINATORS", "build_discriminator"]

Build = Callable[[GanConfig, int | None, torch.Generator, int, int], nn.Module]
"""(settings, classes of a class-conditional network, random numbers of the initial weights, seed, C) → network on the
CPU: images (B, C, S, S) in [-1, 1] and labels (B,) or None to logits (B,), or to (B, P) with an attribute `heads`."""


def dcgan_discriminator(
    config: GanConfig, num_classes: int | None, random: torch.Generator, seed: int, image_channels: int
) -> Discriminator:
    network = Discriminator(
        config.image_size_px,
        config.base_channels,
        config.discriminator_norm,
        minibatch_stddev=config.minibatch_stddev,
        num_classes=num_classes,
        image_channels=image_channels,
    )
    DISCRIMINATOR_INITIALIZERS[config.discriminator_norm](network, random)
    if config.discriminator_norm == "spectral":
        add_spectral_norm(network, seed)
    return network


DISCRIMINATORS: dict[str, Build] = {
    "dcgan": dcgan_discriminator,
    "residual": residual_discriminator,
    "patches": patch_discriminator,
    "projected": projected_discriminator,
}


def build_discriminator(
    config: GanConfig, num_classes: int | None, random: torch.Generator, seed: int, image_channels: int = 1
) -> nn.Module:
    """The discriminator of the settings, with its initial weights, on the CPU; several are combined.

    Raises:
        InputError: weights of a pretrained backbone are not available.
    """
    parts = [DISCRIMINATORS[name](config, num_classes, random, seed, image_channels) for name in config.discriminators]
    if len(parts) == 1:
        return parts[0]
    return Combination(list(zip(parts, config.discriminator_weights or [1.0] * len(parts), strict=True)))
