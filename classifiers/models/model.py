"""The description of a model."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from classifiers.models.fitted_layer import LastLayerFit
from classifiers.models.pretrained_weights import PublicWeights
from classifiers.models.recipe import Recipe

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Model:
    """A kind of network and its input."""

    name: str
    title: str
    """Its name in reports."""
    image_size_px: int
    """Side of its input in the publication, used by default."""
    min_image_size_px: int
    """Smaller images would vanish in its pooling layers."""
    mean: tuple[float, ...]
    """One value per channel, taken from values scaled to [0, 1]. One channel only: colors become luma."""
    std: tuple[float, ...]
    """One value per channel, by which values are divided after `mean` is subtracted."""
    build_backbone: Callable[[], nn.Module]
    """Images (B, C, S, S) to feature maps; weights may be uninitialized."""
    build_head: Callable[[int, int], nn.Module]
    """(number of features, number of outputs) to the layers from feature vectors to logits."""
    initialize: Callable[[nn.Module, torch.Generator], None]
    """Initializes the weights of everything that is trained."""
    public_weights: PublicWeights | None = None
    """Where the pretrained weights of the backbone are published; None: it is trained from scratch."""
    trained_blocks: int = 0
    """How many of the last blocks of a pretrained backbone are trained as well."""
    min_outputs: int = 1
    """Least number of logits; those beyond the number of classes belong to classes that never occur."""
    recipe: Recipe | None = None
    """How the publication trained it."""
    trained_as: str | None = None
    """The model whose network is trained first, if only the last layer differs; None: the model itself."""
    fit_last_layer: LastLayerFit | None = None
    """(inputs of the last layer (N, F), labels (N,), settings) to a last layer that is not trained but fitted
    to finished features; None: all layers are trained together."""

    @property
    def channels(self) -> int:
        return len(self.mean)

    def num_outputs(self, num_classes: int) -> int:
        """Number of logits: one (of class 1) for two classes, else one per class."""
        return max(self.min_outputs, 1 if num_classes == 2 else num_classes)

    @property
    def is_only_fitted(self) -> bool:
        """Whether nothing is trained in steps: its only weights are those of a fitted last layer."""
        return self.fit_last_layer is not None and self.trained_as is None

    @property
    def frozen_backbone(self) -> bool:
        """Whether the backbone is pretrained and frozen, except for its last `trained_blocks`."""
        return self.public_weights is not None
