"""The 128-px network of the SR University report (Kirthan): dropout, batch normalization, L2.

The report names its methods without their parameters, and its figures are not available: three blocks of convolution,
batch normalization, max-pooling and dropout, a dense layer, Adam, early stopping, a decaying learning rate, five
epochs. Widths and rates are our choice.
"""

from torch import nn

from classifiers.models.baseline_cnn import BATCH_NORM_EPSILON
from classifiers.models.dense_head import dense_head
from classifiers.models.initialization import initialize_like_keras
from classifiers.models.model import Model
from classifiers.models.recipe import Recipe

FILTERS = (32, 64, 128)


def build_backbone() -> nn.Module:
    """(B, 3, S, S) to (B, 128, S // 8, S // 8)."""
    layers: list[nn.Module] = []
    for inputs, outputs in zip((3, *FILTERS), FILTERS, strict=False):
        layers += [
            nn.Conv2d(inputs, outputs, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.BatchNorm2d(outputs, eps=BATCH_NORM_EPSILON),
            nn.MaxPool2d(2),
            nn.Dropout(0.25),
        ]
    return nn.Sequential(*layers)


def build_head(num_features: int, num_outputs: int) -> nn.Module:
    return dense_head(num_features, (128,), (0.5,), num_outputs)


CNN_128 = Model(
    name="cnn_128",
    title="128-px CNN",
    image_size_px=128,
    min_image_size_px=8,
    mean=(0.0, 0.0, 0.0),
    std=(1.0, 1.0, 1.0),
    build_backbone=build_backbone,
    build_head=build_head,
    initialize=initialize_like_keras,
    recipe=Recipe(
        epochs=5,
        augment="rotation-flip-zoom-shift",
        l2=1e-3,
        schedule="exponential",
        decay_to=0.1,
        patience=3,
        keep="best",
    ),
)
