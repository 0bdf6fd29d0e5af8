"""All models by name; a line here and its name in `names` add a model."""

import torch
from torch import nn

from classifiers.errors import ClassifierInputError
from classifiers.models.baseline_cnn import BASELINE_CNN
from classifiers.models.cnn_64 import CNN_64
from classifiers.models.cnn_128 import CNN_128
from classifiers.models.cnn_256 import CNN_256
from classifiers.models.cnn_six_block import CNN_SIX_BLOCK, FOREST_ON_CNN, SVM_ON_CNN
from classifiers.models.model import Model
from classifiers.models.network import Network
from classifiers.models.pixel_svm import PIXEL_SVM
from classifiers.models.pretrained_weights import check_weights, fill_backbone
from classifiers.models.torchvision_transfer import blocks_of, transfer_model
from classifiers.models.vgg16_transfer import VGG16_TRANSFER
from classifiers.models.xception_transfer import XCEPTION_TRANSFER
from classifiers.names import TRANSFER, check_model_name

MODELS = {
    model.name: model
    for model in (
        BASELINE_CNN,
        CNN_64,
        CNN_128,
        CNN_256,
        CNN_SIX_BLOCK,
        SVM_ON_CNN,
        FOREST_ON_CNN,
        PIXEL_SVM,
        VGG16_TRANSFER,
        XCEPTION_TRANSFER,
    )
}


def find_model(name: str) -> Model:
    """The model named `name`, one of `MODELS` or `transfer:` with a network of torchvision.

    Raises:
        ClassifierInputError: there is none; similar names are suggested.
    """
    check_model_name(name)
    return transfer_model(name) if name.startswith(TRANSFER) else MODELS[name]


def is_start_of_several(name: str) -> bool:
    """Whether more than one model is, or begins with, the network that the model named `name` is trained as."""
    start = find_model(name).trained_as or name
    return any(model.trained_as == start for model in MODELS.values())


def build_model(name: str, num_classes: int, image_size_px: int, weights: str = "none", *, seed: int = 0) -> Network:
    """The network with its initial weights, on the CPU.

    Args:
        num_classes: two give one logit (of class 1), more give one logit each, unless the model has more in any case.
        image_size_px: side of the images it will get, the model's own size or another.
        weights: of a frozen backbone: "imagenet", "none" (random) or a file; other models ignore it.
        seed: of the weights that will be trained.

    Raises:
        ClassifierInputError: unknown name, images too small, fewer than two classes, weights that are not available.
    """
    model = find_model(name)
    _check_shape(model, num_classes, image_size_px)
    # torch's layers sample initial weights from the global generator; they are replaced below.
    with torch.random.fork_rng(devices=[]):
        backbone = model.build_backbone()
        head = model.build_head(_num_features(model, image_size_px), model.num_outputs(num_classes))
    network = Network(
        backbone,
        head,
        mean=model.mean,
        std=model.std,
        frozen_backbone=model.frozen_backbone and not model.trained_blocks,
        pretrained_backbone=model.frozen_backbone,
    )
    random = torch.Generator().manual_seed(seed)
    if model.public_weights is None:
        model.initialize(network, random)
    else:
        fill_backbone(backbone, weights, model.public_weights)
        if model.trained_blocks:
            _train_last_blocks(backbone, model)
        model.initialize(head, random)
    return network


def check_model(name: str, weights: str, image_size_px: int, num_classes: int) -> None:
    """Check in seconds, without training, that `build_model` will succeed; a necessary download is only probed.

    Raises:
        ClassifierInputError: as `build_model`.
    """
    model = find_model(name)
    _check_shape(model, num_classes, image_size_px)
    if model.public_weights is not None:
        with torch.device("meta"):
            backbone = model.build_backbone()
        check_weights(backbone, weights, model.public_weights)


def _check_shape(model: Model, num_classes: int, image_size_px: int) -> None:
    if image_size_px < model.min_image_size_px:
        raise ClassifierInputError(
            found=f"The images have {image_size_px} px.",
            expected=f"{model.title} halves them repeatedly and needs at least {model.min_image_size_px} px.",
            action=f"Choose a larger size; its own is {model.image_size_px} px.",
        )
    if num_classes < 2:
        raise ClassifierInputError(
            found=f"There are images of {num_classes} class{'es' if num_classes != 1 else ''}.",
            expected="A classifier needs at least two classes.",
            action="Give images of another class as well.",
        )


def _train_last_blocks(backbone: nn.Module, model: Model) -> None:
    blocks = blocks_of(backbone)
    if model.trained_blocks > len(blocks):
        raise ClassifierInputError(
            found=f"{model.name!r} asks for {model.trained_blocks} trained blocks.",
            expected=f"This network has {len(blocks)}.",
            action="Ask for fewer.",
        )
    backbone.requires_grad_(False)
    for block in blocks[-model.trained_blocks :]:
        block.requires_grad_(True)


def _num_features(model: Model, image_size_px: int) -> int:
    """Length of a feature vector, from a dry run without numbers."""
    with torch.device("meta"):
        images = torch.empty(1, model.channels, image_size_px, image_size_px)
        return model.build_backbone().to("meta").eval()(images).numel()
