"""The losses that training minimizes."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

Loss = Callable[[Tensor, Tensor], Tensor]


def choose_loss(num_outputs: int, class_weights: Sequence[float] | None, device: torch.device) -> Loss:
    """Binary cross-entropy for a network of one logit, cross-entropy for one of K logits.

    Args:
        class_weights: one positive number per class, multiplied with the loss of its images before the mean over the
            batch is taken (the mean divides by the number of images, as in Keras, not by the sum of weights).

    Returns:
        (logits (B, num_outputs) float, labels (B,) int64) → mean loss, a scalar.
    """
    each = _binary if num_outputs == 1 else _multi_class
    if class_weights is None:
        return lambda logits, labels: each(logits, labels).mean()
    weights = torch.tensor(class_weights, dtype=torch.float32, device=device)
    return lambda logits, labels: (each(logits, labels) * weights[labels]).mean()


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
