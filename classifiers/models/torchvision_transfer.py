"""Transfer learning over any classification network of torchvision: `transfer:NAME`, or `transfer:NAME:N`.

The network up to its last layers keeps its ImageNet weights, and a dense head is trained on its features; with `:N` the
last N of its blocks are trained too. Normalization is that of its published weights.
"""

import functools
from typing import Any

import torch
from torch import nn

from classifiers.models.dense_head import dense_head
from classifiers.models.initialization import initialize_like_keras
from classifiers.models.model import IMAGENET_MEAN, IMAGENET_STD, Model
from classifiers.models.pretrained_weights import PublicWeights
from classifiers.names import TRANSFER, check_model_name

IMAGE_SIZE_PX = 224
# Nearly all of these networks halve the image five times; at this size a pixel remains.
MIN_IMAGE_SIZE_PX = 32
# Where these networks keep their last layers.
_LAST_LAYERS = ("fc", "classifier", "heads", "head")


@functools.cache
def transfer_model(name: str) -> Model:
    """The model named `name`, such as transfer:resnet18 or transfer:resnet18:2.

    Raises:
        ClassifierInputError: torchvision has no such network, or the number of blocks is invalid.
    """
    from torchvision import models  # not above: it takes two seconds

    check_model_name(name)
    network, colon, blocks = name.removeprefix(TRANSFER).partition(":")
    published: Any = models.get_model_weights(network)
    weights = getattr(published, "IMAGENET1K_V1", published.DEFAULT)
    preset = weights.transforms()
    return Model(
        name=name,
        title=f"{network} transfer" + (f", last {blocks} blocks trained" if colon else ""),
        image_size_px=IMAGE_SIZE_PX,
        min_image_size_px=MIN_IMAGE_SIZE_PX,
        mean=tuple(getattr(preset, "mean", IMAGENET_MEAN)),
        std=tuple(getattr(preset, "std", IMAGENET_STD)),
        build_backbone=functools.partial(build_backbone, network),
        build_head=build_head,
        initialize=initialize_like_keras,
        public_weights=PublicWeights(
            network,
            weights.url,
            backbone_prefix="",
            last_layers=_LAST_LAYERS,
            # DenseNet's files have older tensor names, which torchvision's own loading converts, too.
            rename=(r"(denselayer\d+\.(?:norm|conv))\.(\d)", r"\1\2"),
        ),
        trained_blocks=int(blocks) if colon else 0,
    )


def build_backbone(network: str) -> nn.Module:
    """(B, 3, S, S) to feature vectors (B, F): the network without its last dense layers and with uninitialized
    weights."""
    from torchvision import models

    # On the CPU even inside a "meta" device context: some networks compute with tensors while they are built.
    with torch.random.fork_rng(devices=[]), torch.device("cpu"):
        # Weights that `none` leaves to torchvision's initialization are the same every time.
        torch.default_generator.manual_seed(0)
        whole = models.get_model(network, weights=None)
    for name in _LAST_LAYERS:
        if hasattr(whole, name):
            setattr(whole, name, _without_dense(getattr(whole, name)))
    return whole


def build_head(num_features: int, num_outputs: int) -> nn.Module:
    return dense_head(num_features, (128,), (0.5,), num_outputs)


def blocks_of(backbone: nn.Module) -> list[nn.Module]:
    """The parts of a backbone in order, without those that have no parameters."""
    parts = [part for part in backbone.children() if next(part.parameters(), None) is not None]
    while len(parts) == 1:
        parts = [part for part in parts[0].children() if next(part.parameters(), None) is not None]
    return parts


def _without_dense(layers: nn.Module) -> nn.Module:
    """The layers before the first dense layer; where there is none, a convolution gives the classes (SqueezeNet)."""
    if isinstance(layers, nn.Linear):
        return nn.Identity()
    parts = list(layers.children())
    dense = next((place for place, part in enumerate(parts) if isinstance(part, nn.Linear)), None)
    return nn.Sequential(*parts[:dense]) if dense is not None else nn.AdaptiveAvgPool2d(1)
