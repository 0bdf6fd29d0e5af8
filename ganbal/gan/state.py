"""Everything that changes while a DCGAN trains, in one place, so that a checkpoint can hold all of it."""

import copy
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from ganbal.config import GanConfig
from ganbal.gan.conditional import ConditionalGenerator, ProjectionDiscriminator
from ganbal.gan.networks import Discriminator, Generator, initialise, normalise_spectrally


@dataclass
class TrainingState:
    """Both networks, the generator's moving average, both optimisers, the random state, step and history."""

    generator: Generator
    discriminator: Discriminator
    average: Generator
    generator_optimiser: torch.optim.Optimizer
    discriminator_optimiser: torch.optim.Optimizer
    random: torch.Generator
    augment_probability: Tensor
    """() float32: with which each augmentation happens to each image."""
    ratings: Tensor
    """(3,) float32: running means of the discriminator's logits, kept by adaptive augmentation."""
    step: int = 0
    seconds: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)
    best_distance: float | None = None
    best_step: int = 0
    rollbacks: int = 0
    num_classes: int | None = None
    """How many classes the networks tell apart; None if they know nothing of classes."""

    _PARTS = ("generator", "discriminator", "average", "generator_optimiser", "discriminator_optimiser")
    _TENSORS = ("augment_probability", "ratings")
    _NUMBERS = ("step", "seconds", "history", "best_distance", "best_step", "rollbacks")

    def state_dict(self) -> dict[str, Any]:
        """Tensors, numbers and strings only, so that it loads with `weights_only=True`."""
        parts = {name: getattr(self, name).state_dict() for name in self._PARTS}
        others = {name: getattr(self, name) for name in (*self._TENSORS, *self._NUMBERS)}
        return parts | {"random": self.random.get_state()} | others

    def load_state_dict(self, content: dict[str, Any]) -> None:
        for name in self._PARTS:
            getattr(self, name).load_state_dict(content[name])
        self.random.set_state(content["random"].cpu())
        for name in self._TENSORS:
            getattr(self, name).copy_(content[name])
        for name in self._NUMBERS:
            setattr(self, name, content[name])

    def scale_learning_rates(self, config: GanConfig, factor: float) -> None:
        """Set both learning rates to `factor` times the settings'."""
        for optimiser, rate in (
            (self.generator_optimiser, config.learning_rate),
            (self.discriminator_optimiser, config.discriminator_learning_rate),
        ):
            for group in optimiser.param_groups:
                group["lr"] = rate * factor


def new_state(config: GanConfig, seed: int, device: torch.device, num_classes: int | None = None) -> TrainingState:
    """The state before the first step. Initial weights are drawn on the CPU: the same on every device.

    Args:
        num_classes: makes class-conditional networks for so many classes; None makes plain ones.
    """
    random = torch.Generator().manual_seed(seed)
    generator, discriminator = _networks(config, num_classes)
    initialise(generator, random)
    initialise(discriminator, random)
    if config.discriminator_norm == "spectral":
        normalise_spectrally(discriminator, seed)
    for network in (generator, discriminator):
        network.to(device).to(memory_format=torch.channels_last)
    return TrainingState(
        generator=generator,
        discriminator=discriminator,
        average=copy.deepcopy(generator).requires_grad_(False).eval(),
        generator_optimiser=_adam(generator, config.learning_rate, config.adam_beta1),
        discriminator_optimiser=_adam(discriminator, config.discriminator_learning_rate, config.adam_beta1),
        random=torch.Generator(device).manual_seed(seed),
        augment_probability=torch.tensor(0.0 if config.adaptive_augment else 1.0, device=device),
        ratings=torch.zeros(3, device=device),
        num_classes=num_classes,
    )


def _networks(config: GanConfig, num_classes: int | None) -> tuple[Generator, Discriminator]:
    size_px, channels, latent_dim = config.image_size_px, config.base_channels, config.latent_dim
    norm, stddev = config.discriminator_norm, config.minibatch_stddev
    if num_classes is None:
        discriminator = Discriminator(size_px, channels, norm, minibatch_stddev=stddev)
        return Generator(size_px, channels, latent_dim), discriminator
    generator = ConditionalGenerator(size_px, channels, latent_dim, num_classes)
    return generator, ProjectionDiscriminator(size_px, channels, norm, num_classes, minibatch_stddev=stddev)


def _adam(network: torch.nn.Module, learning_rate: float, beta1: float) -> torch.optim.Optimizer:
    return torch.optim.Adam(network.parameters(), lr=learning_rate, betas=(beta1, 0.999), fused=True)
