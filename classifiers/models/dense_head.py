"""Dense layers from features to logits."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class LogitLayer(nn.Linear):
    """A dense layer that always computes in float32.

    In bfloat16, logits have a resolution of 1/256 of their size, so that images with different scores would tie.
    """

    def forward(self, features: Tensor) -> Tensor:
        with torch.autocast(features.device.type, enabled=False):
            return super().forward(features.float())


def dense_head(num_features: int, widths: Sequence[int], dropouts: Sequence[float], num_outputs: int) -> nn.Sequential:
    """Dense layers of the given widths, each followed by ReLU and dropout, then the logits."""
    layers: list[nn.Module] = []
    for inputs, outputs, rate in zip([num_features, *widths], widths, dropouts, strict=False):
        layers += [nn.Linear(inputs, outputs), nn.ReLU(inplace=True), nn.Dropout(rate)]
    return nn.Sequential(*layers, LogitLayer(widths[-1], num_outputs))
