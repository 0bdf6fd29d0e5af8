"""The 256-px network of the report on three networks: two blocks on gray images, dropout of 0.5, one dense layer.

15,754,849 parameters at 256 px. The report weights the classes by their frequency (1.94 and 0.67), which is a
setting of the training, not of the network. Colors become luma: the report reads its images in gray.
"""

from torch import nn

from classifiers.models.dense_head import dense_head
from classifiers.models.initialization import initialize_like_keras
from classifiers.models.model import Model
from classifiers.models.recipe import Recipe


def build_backbone() -> nn.Module:
    """(B, 1, S, S) to (B, 32, s, s): 62 for 256 px."""
    return nn.Sequential(*_block(1, 32), *_block(32, 32))


def build_head(num_features: int, num_outputs: int) -> nn.Module:
    return dense_head(num_features, (128,), (0.5,), num_outputs)


def _block(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    # Pooling before ReLU gives the same values as after it, at a quarter of the pixels.
    return nn.Conv2d(inputs, outputs, 3), nn.MaxPool2d(2), nn.ReLU(inplace=True), nn.Dropout(0.5)


CNN_256 = Model(
    name="cnn_256",
    title="256-px CNN",
    image_size_px=256,
    min_image_size_px=10,
    mean=(0.0,),
    std=(1.0,),
    build_backbone=build_backbone,
    build_head=build_head,
    initialize=initialize_like_keras,
    recipe=Recipe(epochs=6, augment="flip-rotation-zoom"),
)
