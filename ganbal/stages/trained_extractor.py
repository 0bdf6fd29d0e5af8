"""Features of a classifier that the study has trained, as an extractor for scores."""

import torch
from torch import Tensor, nn

from classifiers.checkpoint import load_kept_classifier
from classifiers.errors import ClassifierInputError
from classifiers.models.network import Network
from ganbal.config import ScoreConfig
from ganbal.errors import InputError
from ganbal.metrics.features.extractor import Extractor
from ganbal.metrics.features.penultimate import classifier_extractor
from ganbal.metrics.features.resizing import to_grey
from ganbal.runtime.hashing import file_digest
from ganbal.study.cells import backbones_folder


def chosen_extractor(config: ScoreConfig, device: torch.device) -> Extractor | None:
    """The trained classifier in `score.weights` where `score.extractor` is `classifier`; else None.

    Raises:
        InputError: the file holds no trained classifier of the study.
    """
    if config.extractor != "classifier":
        return None
    assert config.weights is not None, "check_extractor has been called"
    file = config.weights.expanduser().resolve()
    # study/cells/<arm>/<classifier>/<seed>/model.safetensors; a file elsewhere has to be complete.
    study = file.parents[4] if len(file.parents) > 4 else file.parent
    try:
        trained = load_kept_classifier(file, backbones_folder(study), device)
    except ClassifierInputError as error:
        raise InputError(expected=error.expected, found=error.found, action=error.action) from error
    network = getattr(trained, "network", None)
    if not isinstance(network, Network):
        raise InputError(
            expected="a classifier that is a neural network, whose features can be taken",
            found=f"{trained.model_name} in {file}",
            action="Choose the model.safetensors of another classifier.",
        )
    return classifier_extractor(
        _OnScaledImages(network),
        name=f"classifier:{trained.model_name}",
        input_size_px=trained.image_size_px,
        normalise=to_grey,
        device=device,
        weights_sha256=file_digest(file),
    )


class _OnScaledImages(nn.Module):
    """The network on (B, 1, S, S) grey values in [0, 1], where the network itself takes bytes."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        network = self.network
        maps = network.backbone((images - network.mean) / network.std)
        logits: Tensor = network.head(maps.flatten(1))
        return logits
