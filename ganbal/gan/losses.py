"""What the two networks minimise (Goodfellow et al. 2014, the non-saturating form)."""

from torch import Tensor
from torch.nn.functional import softplus


def discriminator_loss(real_logits: Tensor, synthetic_logits: Tensor) -> Tensor:
    """Binary cross-entropy of calling real images real and synthetic ones synthetic, summed over the two.

    -log σ(x) = softplus(-x) and -log(1 - σ(x)) = softplus(x), which cannot overflow. At chance it is 2·ln 2 = 1.386.

    Args:
        real_logits, synthetic_logits: (B,) float.
    """
    return softplus(-real_logits).mean() + softplus(synthetic_logits).mean()


def generator_loss(synthetic_logits: Tensor) -> Tensor:
    """Cross-entropy of the discriminator calling synthetic images real; at chance it is ln 2 = 0.693."""
    return softplus(-synthetic_logits).mean()
