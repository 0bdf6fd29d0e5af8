"""What the two networks minimise."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import relu, softplus


@dataclass(frozen=True)
class AdversarialLoss:
    """A pair of losses; both take logits (B,) float and give a scalar.

    `discriminator(real_logits, synthetic_logits)` and `generator(synthetic_logits)`.
    """

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]


def non_saturating(label_smoothing: float = 0.0) -> AdversarialLoss:
    """Binary cross-entropy, the generator maximising log D(G(z)) (Goodfellow et al. 2014).

    -log σ(x) = softplus(-x) and -log(1 - σ(x)) = softplus(x), which cannot overflow. At chance the discriminator's
    loss is 2·ln 2 = 1.386 and the generator's ln 2 = 0.693.

    Args:
        label_smoothing: real images are to be called real with probability 1 - this (one-sided, Salimans et al. 2016);
            softplus(-x) + s·x is the cross-entropy with target 1 - s.
    """

    def discriminator(real_logits: Tensor, synthetic_logits: Tensor) -> Tensor:
        real = softplus(-real_logits) + label_smoothing * real_logits
        return real.mean() + softplus(synthetic_logits).mean()

    return AdversarialLoss(discriminator, lambda synthetic_logits: softplus(-synthetic_logits).mean())


def hinge() -> AdversarialLoss:
    """The hinge loss (Lim & Ye 2017; Miyato et al. 2018): logits beyond ±1 on the right side cost nothing."""

    def discriminator(real_logits: Tensor, synthetic_logits: Tensor) -> Tensor:
        return relu(1.0 - real_logits).mean() + relu(1.0 + synthetic_logits).mean()

    return AdversarialLoss(discriminator, lambda synthetic_logits: -synthetic_logits.mean())


def gradient_penalty(discriminator: nn.Module, real: Tensor, *condition: Tensor) -> Tensor:
    """R1: the mean squared norm of the discriminator's gradient at real images (Mescheder et al. 2018).

    Args:
        real: (B, 1, S, S) float in [-1, 1].
        condition: what else the discriminator is told of each image, such as labels (B,).

    Returns:
        A scalar that can be differentiated with respect to the discriminator's weights.
    """
    real = real.detach().requires_grad_(True)
    (gradient,) = torch.autograd.grad(discriminator(real, *condition).sum(), real, create_graph=True)
    return gradient.square().sum(dim=(1, 2, 3)).mean()
