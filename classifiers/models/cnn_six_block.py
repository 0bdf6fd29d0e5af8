"""The six-block network of the Portsmouth report (2024), and the classifiers fitted to that network's features.

The report shows its layers only in a figure. From its text are: six blocks with
increasing numbers of filters, each with max-pooling and batch normalization; dropout; dense layers with decreasing
numbers of units and dropout rates; and from its training log 150 px, batches of 32, the learning rate times 0.3 after
two epochs without improvement. Widths and rates are our choice.

The support vector machine and the forest are fitted to the 64 values before the network's last layer, as the report's
text says. (Its listing gives them the network's output, a single value, which they could only repeat.)
"""

from dataclasses import replace

from torch import nn

from classifiers.models.baseline_cnn import BATCH_NORM_EPSILON
from classifiers.models.dense_head import dense_head
from classifiers.models.forest import Forest, fit_forest
from classifiers.models.initialization import initialize_like_keras
from classifiers.models.kernel_machine import KernelMachine, fit_linear_machine
from classifiers.models.model import Model
from classifiers.models.recipe import Recipe

FILTERS = (16, 32, 64, 128, 256, 512)
DROPOUTS = (0.0, 0.0, 0.0, 0.2, 0.2, 0.2)
WIDTHS, DENSE_DROPOUTS = (512, 128, 64), (0.5, 0.3, 0.2)
RECIPE = Recipe(
    epochs=10, augment="zoom-vertical-flip", schedule="plateau", plateau_factor=0.3, plateau_patience=2, keep="last"
)


def build_backbone() -> nn.Module:
    """(B, 3, S, S) to (B, 512, S // 64, S // 64)."""
    layers: list[nn.Module] = []
    for inputs, outputs, rate in zip((3, *FILTERS), FILTERS, DROPOUTS, strict=False):
        layers += [
            nn.Conv2d(inputs, outputs, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, padding=1),
            # Pooling before ReLU gives the same values as after it, at a quarter of the pixels.
            nn.MaxPool2d(2),
            nn.ReLU(inplace=True),
            nn.BatchNorm2d(outputs, eps=BATCH_NORM_EPSILON),
        ]
        layers += [nn.Dropout(rate)] if rate else []
    return nn.Sequential(*layers)


def build_head(num_features: int, num_outputs: int) -> nn.Sequential:
    return dense_head(num_features, WIDTHS, DENSE_DROPOUTS, num_outputs)


def build_svm_head(num_features: int, num_outputs: int) -> nn.Module:
    return nn.Sequential(*build_head(num_features, num_outputs)[:-1], KernelMachine.empty(WIDTHS[-1], num_outputs))


def build_forest_head(num_features: int, num_outputs: int) -> nn.Module:
    return nn.Sequential(*build_head(num_features, num_outputs)[:-1], Forest.empty(num_outputs))


CNN_SIX_BLOCK = Model(
    name="cnn_six_block",
    title="Six-block CNN",
    image_size_px=150,
    min_image_size_px=64,
    mean=(0.0, 0.0, 0.0),
    std=(1.0, 1.0, 1.0),
    build_backbone=build_backbone,
    build_head=build_head,
    initialize=initialize_like_keras,
    recipe=RECIPE,
)

SVM_ON_CNN = replace(
    CNN_SIX_BLOCK,
    name="svm_on_cnn",
    title="Linear SVM on the six-block CNN",
    build_head=build_svm_head,
    trained_as="cnn_six_block",
    fit_last_layer=fit_linear_machine,
)

FOREST_ON_CNN = replace(
    CNN_SIX_BLOCK,
    name="forest_on_cnn",
    title="Random forest on the six-block CNN",
    build_head=build_forest_head,
    trained_as="cnn_six_block",
    fit_last_layer=fit_forest,
)
