"""Several discriminators that score the same images, each with a weight."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ganbal.gan.losses import Head, heads_of


class Combination(nn.Module):
    """The logits of all parts side by side; `heads` gives the loss the groups of logits and their weights.

    Args:
        parts: discriminators with the weights of their losses.
    """

    def __init__(self, parts: Sequence[tuple[nn.Module, float]]) -> None:
        super().__init__()
        self.parts = nn.ModuleList(part for part, _ in parts)
        self.heads = tuple(
            Head(head.num_logits, weight * head.weight) for part, weight in parts for head in heads_of(part)
        )

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Logits (B, P) of images (B, C, S, S) float in [-1, 1]."""
        # Float32: parts may differ in the precision of their last layers.
        return torch.cat([part(images, labels).float().reshape(len(images), -1) for part in self.parts], dim=1)
