"""The losses that training minimizes."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

Loss = Callable[..., Tensor]
"""(logits (B, L) float, labels (B,) int64, by choice is_synthetic (B,) bool) → mean loss, a scalar."""


def choose_loss(
    num_outputs: int,
    class_weights: Sequence[float] | None,
    device: torch.device,
    synthetic_weight: float = 1.0,
) -> Loss:
    """Binary cross-entropy for a network of one logit, cross-entropy for one of K logits.

    Args:
        class_weights: one positive number per class, multiplied with the loss of its images before the mean over the
            batch is taken (the mean divides by the number of images, as in Keras, not by the sum of weights).
        synthetic_weight: multiplied with the loss of synthetic images likewise.
    """
    each = _binary if num_outputs == 1 else _multi_class
    weights = None if class_weights is None else torch.tensor(class_weights, dtype=torch.float32, device=device)

    def loss(logits: Tensor, labels: Tensor, is_synthetic: Tensor | None = None) -> Tensor:
        losses = each(logits, labels)
        if weights is not None:
            losses = losses * weights[labels]
        if is_synthetic is not None and synthetic_weight != 1.0:
            losses = torch.where(is_synthetic, synthetic_weight * losses, losses)
        return losses.mean()

    return loss


def _binary(logits: Tensor, labels: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits.flatten(), labels.float(), reduction="none")


def _multi_class(logits: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(logits, labels, reduction="none")


def probabilities_of(logits: Tensor, num_classes: int) -> Tensor:
    """(B, L) logits to (B, num_classes) probabilities; a single logit is that of class 1.

    Logits beyond the number of classes are ignored: an image belongs to one of the existing classes.
    """
    if logits.shape[1] > 1:
        return logits[:, :num_classes].softmax(dim=1)
    return torch.cat([(-logits).sigmoid(), logits.sigmoid()], dim=1)
