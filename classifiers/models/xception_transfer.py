"""Transfer learning over Xception (Chollet 2017), as in the report on three networks.

The convolutions keep their ImageNet weights; a dense head of 128 is trained on their flattened maps. Like
the report, which leaves out the network's own scaling, it takes gray values from 0 to 255. The weights expect [-1, 1],
which works better, but the published figure was obtained this way. The network comes from timm.
"""

import importlib

from torch import nn

from classifiers.errors import ClassifierInputError
from classifiers.models.dense_head import dense_head
from classifiers.models.initialization import initialize_like_keras
from classifiers.models.model import Model
from classifiers.models.pretrained_weights import PublicWeights
from classifiers.models.recipe import Recipe

WEIGHTS_URL = "https://github.com/rwightman/pytorch-image-models/releases/download/v0.1-cadene/xception-43020ad28.pth"


def build_backbone() -> nn.Module:
    """(B, 3, S, S) to (B, 2048, S // 32, S // 32); the weights are not initialized.

    Raises:
        ClassifierInputError: timm is not installed.
    """
    try:
        timm = importlib.import_module("timm")
    except ImportError as error:
        raise ClassifierInputError(
            found="The package timm is not installed.",
            expected="Xception comes from timm.",
            action='Install it with `pip install "ganbal[timm]"`.',
        ) from error
    backbone: nn.Module = timm.create_model("legacy_xception", pretrained=False, num_classes=0, global_pool="")
    return backbone


def build_head(num_features: int, num_outputs: int) -> nn.Module:
    return dense_head(num_features, (128,), (0.5,), num_outputs)


XCEPTION_TRANSFER = Model(
    name="xception",
    title="Xception transfer",
    image_size_px=256,
    min_image_size_px=64,
    mean=(0.0, 0.0, 0.0),
    std=(1 / 255, 1 / 255, 1 / 255),
    build_backbone=build_backbone,
    build_head=build_head,
    initialize=initialize_like_keras,
    public_weights=PublicWeights("xception", WEIGHTS_URL, backbone_prefix="", last_layers=("fc",), library="timm"),
    recipe=Recipe(epochs=4),
)
