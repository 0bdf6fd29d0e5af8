"""Batch normalization of class-conditional generators.

A generator that gets its class as an additional input collapses to about one image per class (docs/lab/generator.md):
batch normalization gives every channel variance 1 over a batch of all classes, and the difference between the classes
alone can supply it. Here the class enters after the normalization, so that the latent vectors have to supply it.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional


class ClassBatchNorm2d(nn.Module):
    """Batch normalization with one gain and one bias per class and channel (de Vries et al. 2017, arXiv:1707.00683;
    Miyato & Koyama 2018, arXiv:1802.05637).

    Statistics are those of the whole batch, whatever the classes are. Gains are 1 and biases 0 at first.

    Args:
        channels: of the feature maps.
        num_classes: K.
    """

    def __init__(self, channels: int, num_classes: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.weight = nn.Parameter(torch.ones(num_classes, channels))
        self.bias = nn.Parameter(torch.zeros(num_classes, channels))

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        """Features (B, channels, h, h) float and labels (B,) int64 to features of the same shape and dtype."""
        normalized = self.norm(features)
        # `self.weight[labels]` has the same values, but its gradient depends on the order in which threads add.
        gains, biases = (
            functional.embedding(labels, each)[:, :, None, None].to(normalized.dtype)
            for each in (self.weight, self.bias)
        )
        return torch.addcmul(biases, normalized, gains)


def batch_norm(channels: int, num_classes: int | None) -> nn.Module:
    """A normalization layer of a class-conditional generator; None makes one of a plain generator."""
    return nn.BatchNorm2d(channels) if num_classes is None else ClassBatchNorm2d(channels, num_classes)


def apply_layer(layer: nn.Module, features: Tensor, labels: Tensor | None) -> Tensor:
    """The layer's output; only layers of this module get the labels."""
    return layer(features, labels) if isinstance(layer, ClassBatchNorm2d) else layer(features)
