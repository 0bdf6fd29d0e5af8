"""Adversarial losses: what the discriminator and the generator minimize. `LOSSES` lists them by `gan.loss`."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import relu, softplus

from ganbal.config import GanConfig


@dataclass(frozen=True)
class AdversarialLoss:
    """A pair of losses; each takes logits of real and of synthetic images, (B,) float, and returns a scalar.

    Attributes:
        discriminator: loss of the discriminator, from (real logits, synthetic logits).
        generator: loss of the generator, from (real logits, synthetic logits).
        compares_pairs: whether the generator's loss needs the logits of real images; otherwise it gets an empty tensor.
    """

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor, Tensor], Tensor]
    compares_pairs: bool = False


def non_saturating(label_smoothing: float = 0.0) -> AdversarialLoss:
    """Binary cross-entropy, where the generator maximizes log D(G(z)) (Goodfellow et al. 2014).

    -log σ(x) = softplus(-x) and -log(1 - σ(x)) = softplus(x), which cannot overflow. At chance the discriminator's
    loss is 2·ln 2 = 1.386 and the generator's ln 2 = 0.693.

    Args:
        label_smoothing: the target probability of real images is 1 - this (one-sided, Salimans et al. 2016);
            softplus(-x) + s·x is the cross-entropy with target 1 - s.
    """

    def discriminator(real_logits: Tensor, synthetic_logits: Tensor) -> Tensor:
        real = softplus(-real_logits) + label_smoothing * real_logits
        return real.mean() + softplus(synthetic_logits).mean()

    def generator(real_logits: Tensor, synthetic_logits: Tensor) -> Tensor:
        return softplus(-synthetic_logits).mean()

    return AdversarialLoss(discriminator, generator)


def hinge() -> AdversarialLoss:
    """The hinge loss (Lim & Ye 2017; Miyato et al. 2018): logits beyond ±1 on the right side cost nothing."""

    def discriminator(real_logits: Tensor, synthetic_logits: Tensor) -> Tensor:
        return relu(1.0 - real_logits).mean() + relu(1.0 + synthetic_logits).mean()

    def generator(real_logits: Tensor, synthetic_logits: Tensor) -> Tensor:
        return -synthetic_logits.mean()

    return AdversarialLoss(discriminator, generator)


def relativistic() -> AdversarialLoss:
    """The relativistic pairing loss, RpGAN (Jolicoeur-Martineau 2019; R3GAN, Huang et al. 2024, arXiv:2501.05441).

    Only the difference between a real and a synthetic logit counts: the discriminator minimizes
    softplus(synthetic - real) per pair and the generator the reverse. A discriminator that rates every synthetic image
    below one common threshold gains nothing, so the generator cannot satisfy it with a few modes. At chance both losses
    are ln 2 = 0.693. The loss needs gradient penalties on real and on synthetic images to converge (`gan.r1_gamma`,
    `gan.r2_gamma`).
    """

    def discriminator(real_logits: Tensor, synthetic_logits: Tensor) -> Tensor:
        return softplus(synthetic_logits - real_logits).mean()

    def generator(real_logits: Tensor, synthetic_logits: Tensor) -> Tensor:
        return softplus(real_logits - synthetic_logits).mean()

    return AdversarialLoss(discriminator, generator, compares_pairs=True)


LOSSES: dict[str, Callable[[GanConfig], AdversarialLoss]] = {
    "non-saturating": lambda config: non_saturating(config.label_smoothing),
    "hinge": lambda config: hinge(),
    "relativistic": lambda config: relativistic(),
}


def choose_loss(config: GanConfig) -> AdversarialLoss:
    return LOSSES[config.loss](config)


NO_LOGITS = torch.empty(0)
"""Passed to generator losses that do not use the logits of real images."""
