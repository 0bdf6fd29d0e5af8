"""Gradient penalties of the discriminator. `choose_penalties` lists them by setting."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganbal.config import GanConfig

Score = Callable[[Tensor, Tensor | None], Tensor]
"""A discriminator: images (B, C, S, S) and labels (B,) or None to logits (B,)."""


@dataclass(frozen=True)
class PenaltyInputs:
    """The inputs of a penalty.

    Attributes:
        discriminator: in float32, as a gradient of a gradient loses too much in bfloat16.
        real, synthetic: (B, C, S, S) float32 in about [-1, 1], as augmented for the discriminator.
        labels: (B,) int64 for class-conditional networks, else None.
        random: for penalties that sample points, such as the interpolates of WGAN-GP.
    """

    discriminator: Score
    real: Tensor
    synthetic: Tensor
    labels: Tensor | None
    random: torch.Generator


@dataclass(frozen=True)
class WeightedPenalty:
    """`weight` times `compute(inputs)`, a scalar."""

    weight: float
    compute: Callable[[PenaltyInputs], Tensor]


class LazyPenalties:
    """Penalties computed in one of every `every_steps` steps and weighted as many times more (Karras et al. 2020)."""

    def __init__(self, penalties: Sequence[WeightedPenalty], every_steps: int) -> None:
        self._penalties, self._every_steps = [p for p in penalties if p.weight > 0], every_steps

    def is_due(self, step: int) -> bool:
        """Whether the step that follows `step` finished steps includes the penalties."""
        return bool(self._penalties) and step % self._every_steps == 0

    def __call__(self, inputs: PenaltyInputs) -> Tensor:
        """The weighted sum, a scalar that can be differentiated with respect to the discriminator's weights."""
        terms = [self._every_steps * p.weight * p.compute(inputs) for p in self._penalties]
        return torch.stack(terms).sum() if len(terms) > 1 else terms[0]


def squared_gradient_norm(discriminator: Score, images: Tensor, labels: Tensor | None = None) -> Tensor:
    """Mean squared norm of the discriminator's gradient at the images (B, C, S, S), a scalar."""
    images = images.detach().requires_grad_(True)
    (gradient,) = torch.autograd.grad(discriminator(images, labels).sum(), images, create_graph=True)
    return gradient.square().sum(dim=(1, 2, 3)).mean()


def r1(inputs: PenaltyInputs) -> Tensor:
    """Squared gradient norm at real images (Mescheder et al. 2018, arXiv:1801.04406)."""
    return squared_gradient_norm(inputs.discriminator, inputs.real, inputs.labels)


def r2(inputs: PenaltyInputs) -> Tensor:
    """Squared gradient norm at synthetic images (same paper)."""
    return squared_gradient_norm(inputs.discriminator, inputs.synthetic, inputs.labels)


def choose_penalties(config: GanConfig) -> LazyPenalties:
    """Penalties weigh γ/2, as in the paper."""
    penalties = [WeightedPenalty(config.r1_gamma / 2, r1), WeightedPenalty(config.r2_gamma / 2, r2)]
    return LazyPenalties(penalties, config.r1_every_steps)
