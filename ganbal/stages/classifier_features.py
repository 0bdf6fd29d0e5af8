"""A classifier of the study as feature extractor of the scores."""

import torch
from torch import Tensor, nn

from classifiers.checkpoint import load_classifier
from classifiers.models.network import Network
from classifiers.pixels import to_gray
from ganbal.config import ScoreConfig
from ganbal.errors import InputError
from ganbal.metrics.features.extractor import Extractor, to_rgb
from ganbal.metrics.features.penultimate import classifier_extractor
from ganbal.runtime.classifier_errors import as_input_error
from ganbal.runtime.hashing import file_digest
from ganbal.study.cell import backbones_folder


def trained_extractor(config: ScoreConfig, device: torch.device) -> Extractor:
    """The features of the trained classifier in `score.weights`.

    Raises:
        InputError: the file holds no trained classifier of the study.
    """
    assert config.weights is not None, "check_extractor has been called"
    file = config.weights.expanduser().resolve()
    # study/cells/<arm>/<classifier>/<seed>/model.safetensors; a file elsewhere has to be complete.
    study = file.parents[4] if len(file.parents) > 4 else file.parent
    with as_input_error():
        trained = load_classifier(file, backbones_folder(study), device)
    network = getattr(trained, "network", None)
    if not isinstance(network, Network):
        raise InputError(
            found=f"The classifier in {file} is a {trained.model_name}, which is no neural network.",
            expected="An extractor takes the features of a neural network.",
            action="Choose the model.safetensors of another classifier.",
        )
    return classifier_extractor(
        _OnScaledImages(network),
        name=f"classifier:{trained.model_name}",
        input_size_px=trained.image_size_px,
        # A network of three channels that was trained on gray images has seen no colors.
        normalize=to_gray if trained.channels == 1 or network.mean.shape[1] == 1 else to_rgb,
        device=device,
        weights_sha256=file_digest(file),
    )


class _OnScaledImages(nn.Module):
    """The network on (B, 1 or 3, S, S) values in [0, 1]; the network itself takes bytes."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        network = self.network
        maps = network.backbone((images - network.mean) / network.std)
        logits: Tensor = network.head(maps.flatten(1))
        return logits
