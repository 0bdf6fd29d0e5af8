"""Adversarial losses: what the discriminator and the generator minimize. `LOSSES` lists them by `gan.loss`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
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


@dataclass(frozen=True)
class Head:
    """Logits of a discriminator that belong together.

    Attributes:
        num_logits: how many columns of its output.
        weight: of their mean loss.
    """

    num_logits: int
    weight: float


def heads_of(discriminator: nn.Module) -> tuple[Head, ...]:
    """The heads of a discriminator; one with a single logit per image has no such attribute."""
    heads: tuple[Head, ...] = getattr(discriminator, "heads", (Head(1, 1.0),))
    return heads


def choose_loss(config: GanConfig, discriminator: nn.Module | None = None) -> AdversarialLoss:
    """The loss of the settings; of a discriminator with several logits per image, the weighted sum over its heads."""
    loss = LOSSES[config.loss](config)
    heads = (Head(1, 1.0),) if discriminator is None else heads_of(discriminator)
    return loss if len(heads) == 1 and heads[0].num_logits == 1 else over_heads(loss, heads)


def over_heads(loss: AdversarialLoss, heads: Sequence[Head]) -> AdversarialLoss:
    """The weighted sum of the losses of each head, from logits (B, P) of all heads side by side."""
    sizes = [head.num_logits for head in heads]

    def total(each: Callable[[Tensor, Tensor], Tensor], real: Tensor, synthetic: Tensor) -> Tensor:
        # Real logits are missing where the loss does not look at them.
        reals = real.split(sizes, dim=1) if real.ndim > 1 else [real] * len(sizes)
        parts = zip(heads, reals, synthetic.split(sizes, dim=1), strict=True)
        return torch.stack([head.weight * each(ours, theirs) for head, ours, theirs in parts]).sum()

    return AdversarialLoss(
        lambda real, synthetic: total(loss.discriminator, real, synthetic),
        lambda real, synthetic: total(loss.generator, real, synthetic),
        loss.compares_pairs,
    )


def image_score(discriminator: nn.Module) -> Callable[[Tensor, Tensor | None], Tensor]:
    """One number per image, (B,), whose gradient a penalty limits: the logit, or the heads' weighted mean logits."""
    heads = heads_of(discriminator)
    if len(heads) == 1 and heads[0].num_logits == 1:
        return discriminator
    sizes = [head.num_logits for head in heads]

    def score(images: Tensor, labels: Tensor | None) -> Tensor:
        parts = discriminator(images, labels).split(sizes, dim=1)
        return torch.stack([head.weight * part.mean(1) for head, part in zip(heads, parts, strict=True)]).sum(0)

    return score


NO_LOGITS = torch.empty(0)
"""Passed to generator losses that do not use the logits of real images."""
