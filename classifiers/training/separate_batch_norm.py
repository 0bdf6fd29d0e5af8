"""Two batch normalizations per layer in training: one for real images and one for synthetic ones (AdvProp, Xie et al.
2020, arXiv:1911.09665, with synthetic in place of adversarial images).

Synthetic images then train the convolutions without pulling the statistics of real images towards theirs. Predictions
use the normalization of real images alone.
"""

import copy
import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from classifiers.errors import ClassifierInputError
from classifiers.models.model import Model


class SeparateBatchNorm(nn.Module):
    """`main` for real images and for predictions, `auxiliary` for synthetic images.

    Attributes:
        is_synthetic: (B,) bool of the batch to come; set before each training step.
    """

    def __init__(self, layer: nn.BatchNorm2d) -> None:
        super().__init__()
        self.main, self.auxiliary = layer, copy.deepcopy(layer)
        self.is_synthetic: Tensor | None = None

    def forward(self, features: Tensor) -> Tensor:  # (B, C, H, W)
        if not self.training:
            return self.main(features)
        assert self.is_synthetic is not None
        synthetic = self.is_synthetic[:, None, None, None]
        of_main = normalized(self.main, features, ~synthetic)
        return torch.where(synthetic, normalized(self.auxiliary, features, synthetic), of_main)


def normalized(layer: nn.BatchNorm2d, features: Tensor, is_counted: Tensor) -> Tensor:
    """Features (B, C, H, W), normalized by the mean and variance of the counted images, (B, 1, 1, 1) bool.

    Running statistics are updated as by torch. Shapes do not depend on the number of counted images, so that a GPU's
    step can be recorded; where there are none, the result means nothing and the statistics stay.
    """
    assert layer.running_mean is not None and layer.running_var is not None and layer.momentum is not None
    values, counted = features.float(), is_counted.float()
    number = counted.sum() * features.shape[2] * features.shape[3]
    mean = (values * counted).sum((0, 2, 3)) / number.clamp(min=1)
    centered = values - mean[:, None, None]
    variance = (centered.square() * counted).sum((0, 2, 3)) / number.clamp(min=1)
    with torch.no_grad():
        momentum = layer.momentum * (number > 0)
        layer.running_mean.lerp_(mean, momentum)
        layer.running_var.lerp_(variance * number / (number - 1).clamp(min=1), momentum)
    scale = layer.weight * torch.rsqrt(variance + layer.eps)
    return (centered * scale[:, None, None] + layer.bias[:, None, None]).to(features.dtype)


@contextmanager
def separate_batch_norms(network: nn.Module) -> Iterator[None]:
    """Inside the block every batch normalization is a `SeparateBatchNorm`; afterwards, its `main`."""
    _replace(network, nn.BatchNorm2d, SeparateBatchNorm)
    try:
        yield
    finally:
        _replace(network, SeparateBatchNorm, lambda layer: layer.main)


def mark_synthetic(network: nn.Module, is_synthetic: Tensor) -> None:
    """Tell every `SeparateBatchNorm` which images of the batch to come are synthetic, (B,) bool."""
    for module in network.modules():
        if isinstance(module, SeparateBatchNorm):
            module.is_synthetic = is_synthetic


def _replace(network: nn.Module, kind: type[nn.Module], replacement: Callable[[Any], nn.Module]) -> None:
    for name, child in list(network.named_children()):
        if isinstance(child, kind):
            setattr(network, name, replacement(child))
        else:
            _replace(child, kind, replacement)


def can_separate_batch_norms(model: Model) -> bool:
    """Whether the model has batch normalization that follows the batches, and no part that is fitted otherwise.

    The normalization of a pretrained backbone does not follow them.
    """
    return not model.frozen_backbone and model.fit_last_layer is None and _has_batch_norm(model.build_backbone)


@functools.cache
def _has_batch_norm(build_backbone: Callable[[], nn.Module]) -> bool:
    with torch.device("meta"):
        return any(isinstance(module, nn.BatchNorm2d) for module in build_backbone().modules())


def check_separate_batch_norm(model: Model) -> None:
    """Check that the model can be trained so.

    Raises:
        ClassifierInputError: it has no batch normalization that is trained.
    """
    if not can_separate_batch_norms(model):
        raise ClassifierInputError(
            found=f"{model.title} has no batch normalization that is trained.",
            expected="Separate normalization of real and synthetic images needs a network that has it and that is "
            "trained in steps only.",
            action="Choose another classifier, or leave the arm out.",
        )
