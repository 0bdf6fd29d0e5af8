"""Transfer learning over VGG16 (Simonyan & Zisserman 2015), as in the Springboard report (Balik 2020).

The convolutions keep their ImageNet weights; a dense head 8192 → 1024 → 512 → 256 → 1 is trained on their features:
23,760,705 parameters at 150 px, of which 9,046,017 are trained. The report does not give its dropout rates; those of
its baseline network are used.
"""

import torch
from torch import nn

from classifiers.models.dense_head import dense_head
from classifiers.models.initialization import initialize_like_keras
from classifiers.models.model import IMAGENET_MEAN, IMAGENET_STD, Model
from classifiers.models.pretrained_weights import PublicWeights


def build_backbone() -> nn.Module:
    """(B, 3, S, S) to (B, 512, S // 32, S // 32); the weights are not initialized."""
    from torchvision.models import vgg16  # not above: it takes two seconds

    # torchvision builds its classifier as well: on "meta", its 124 million weights take neither time nor memory.
    with torch.device("meta"):
        features = vgg16(init_weights=False).features
    return features.to_empty(device="cpu")


def build_head(num_features: int, num_outputs: int) -> nn.Module:
    return dense_head(num_features, (1024, 512, 256), (0.5, 0.3, 0.2), num_outputs)


VGG16_TRANSFER = Model(
    name="vgg16",
    title="VGG16 transfer",
    image_size_px=150,
    min_image_size_px=32,
    mean=IMAGENET_MEAN,
    std=IMAGENET_STD,
    build_backbone=build_backbone,
    build_head=build_head,
    initialize=initialize_like_keras,
    public_weights=PublicWeights(
        "VGG16", "https://download.pytorch.org/models/vgg16-397923af.pth", backbone_prefix="features."
    ),
)
