"""Generators by their names in `gan.generator`. A new one is one new file and one line in `GENERATORS`."""

from collections.abc import Callable

import torch

from ganbal.config import GanConfig
from ganbal.gan.generators.residual import residual_generator
from ganbal.gan.initialization import initialize_as_dcgan
from ganbal.gan.networks import DcganGenerator, Generator

__all__ = ["GENERATORS", "build_generator"]

Build = Callable[[GanConfig, int | None, torch.Generator, int], Generator]
"""(settings, classes of a class-conditional network, random numbers of the initial weights, channels of the images) →
network on the CPU."""


def dcgan_generator(
    config: GanConfig, num_classes: int | None, random: torch.Generator, image_channels: int
) -> DcganGenerator:
    network = DcganGenerator(
        config.image_size_px,
        config.base_channels,
        config.latent_dim,
        num_classes,
        full_size_channels=config.full_size_channels,
        image_channels=image_channels,
    )
    initialize_as_dcgan(network, random)
    if network.full_size is not None:
        network.full_size.start_at_zero()
    return network


GENERATORS: dict[str, Build] = {"dcgan": dcgan_generator, "residual": residual_generator}


def build_generator(
    config: GanConfig, num_classes: int | None, random: torch.Generator, image_channels: int = 1
) -> Generator:
    """The generator of the settings, with its initial weights, on the CPU."""
    return GENERATORS[config.generator](config, num_classes, random, image_channels)
