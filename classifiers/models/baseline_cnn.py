"""The baseline network of the Springboard report (Balik 2020): eight convolutions, four dense layers.

5,677,329 parameters at 150 px, running statistics included, of which 448 (those statistics) are not trained.
"""

from torch import nn

from classifiers.models.dense_head import dense_head
from classifiers.models.initialization import initialize_like_keras
from classifiers.models.model import Model

# Keras adds this to the variance. Its momentum (0.99) is not used: within a few hundred steps, running statistics would
# still depend on their initial values, and validation would evaluate another network than the trained one.
BATCH_NORM_EPSILON = 1e-3


def build_backbone() -> nn.Module:
    """(B, 3, S, S) to (B, 128, S // 16, S // 16)."""
    layers: list[nn.Module] = [
        *_convolution(3, 16),
        # Pooling before ReLU gives the same values as after it, at a quarter of the pixels.
        nn.Conv2d(16, 16, 3, padding=1),
        nn.MaxPool2d(2),
        nn.ReLU(inplace=True),
    ]
    for inputs, outputs in ((16, 32), (32, 64), (64, 128)):
        layers += [
            *_convolution(inputs, outputs),
            *_convolution(outputs, outputs),
            nn.BatchNorm2d(outputs, eps=BATCH_NORM_EPSILON),
            nn.MaxPool2d(2),
        ]
    return nn.Sequential(*layers)


def build_head(num_features: int, num_outputs: int) -> nn.Module:
    return dense_head(num_features, (512, 128, 64), (0.5, 0.3, 0.2), num_outputs)


def _convolution(inputs: int, outputs: int) -> tuple[nn.Module, nn.Module]:
    return nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(inplace=True)


BASELINE_CNN = Model(
    name="baseline_cnn",
    title="Baseline CNN",
    image_size_px=150,
    min_image_size_px=16,
    mean=(0.0, 0.0, 0.0),
    std=(1.0, 1.0, 1.0),
    build_backbone=build_backbone,
    build_head=build_head,
    initialize=initialize_like_keras,
)
