"""What training minimises."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

Loss = Callable[[Tensor, Tensor], Tensor]


def choose_loss(num_classes: int, class_weights: Sequence[float] | None, device: torch.device) -> Loss:
    """Binary cross-entropy of one logit for two classes, cross-entropy of K logits for more.

    Args:
        class_weights: one positive number a class, multiplied with the loss of its images before the mean over the
            batch is taken (the mean divides by the number of images, as in Keras, not by the sum of weights).

    Returns:
        (logits (B, 1 or K) float, labels (B,) int64) → mean loss, a scalar.
    """
    each = _binary if num_classes == 2 else _multi_class
    if class_weights is None:
        return lambda logits, labels: each(logits, labels).mean()
    weights = torch.tensor(class_weights, dtype=torch.float32, device=device)
    return lambda logits, labels: (each(logits, labels) * weights[labels]).mean()


def _binary(logits: Tensor, labels: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits.flatten(), labels.float(), reduction="none")


def _multi_class(logits: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(logits, labels, reduction="none")


def probabilities_of(logits: Tensor) -> Tensor:
    """(B, 1 or K) logits to (B, 2 or K) probabilities; a single logit is that of class 1."""
    if logits.shape[1] > 1:
        return logits.softmax(dim=1)
    return torch.cat([(-logits).sigmoid(), logits.sigmoid()], dim=1)
