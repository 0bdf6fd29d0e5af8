"""A trained network and its predictions."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from classifiers.models.network import Network
from classifiers.training.input_checks import check_pixels
from classifiers.training.losses import probabilities_of
from classifiers.training.network_inputs import NetworkInputs
from classifiers.training.precision import Precision, autocast

# A GPU needs more images at a time to be busy; a CPU keeps this many in its caches.
_BATCH_SIZE = {"cpu": 64, "cuda": 512}


@dataclass(frozen=True)
class TrainedClassifier:
    """A network with the weights that its training selected."""

    model_name: str
    num_classes: int
    image_size_px: int
    channels: int
    """1 where it was trained on gray images, 3 on RGB images."""
    network: Network
    inputs: NetworkInputs
    pretrained: str | None
    """Origin of the weights of its frozen backbone: imagenet, none or file; None where it has no frozen backbone."""
    steps_taken: int
    """Optimizer steps until training stopped."""
    best_step: int
    """The step whose weights were kept."""
    history: list[dict[str, float]]
    """One row per check: step, train_loss, val_loss, val_accuracy, learning_rate. Empty for a loaded classifier."""

    @property
    def precision(self) -> Precision:
        """Number format of its computations; probabilities in float32 and bfloat16 differ in about the third digit."""
        return self.inputs.precision

    def predict(
        self, pixels: np.ndarray, on_features: Callable[[int, int], None] = lambda done, total: None
    ) -> np.ndarray:
        """Images (N, S, S), or (N, S, S, 3) if it was trained on RGB, to (N, num_classes) float32 probabilities.

        Args:
            on_features: called with (images done, images in all) while features of a frozen backbone are computed.

        Raises:
            ClassifierInputError: the images are not uint8 squares of `image_size_px`, or have other channels.
        """
        check_pixels(pixels, self.image_size_px, self.channels)
        logits = predict_logits(self.network, self.inputs.prepare(pixels, on_features), self.precision)
        return probabilities_of(logits, self.num_classes).cpu().numpy()


def predict_logits(network: Network, inputs: Tensor, precision: Precision) -> Tensor:
    """Logits (N, num_outputs) of inputs (N, …) on the network's device, in evaluation mode."""
    network.eval()
    with torch.inference_mode(), autocast(inputs.device, precision):
        return torch.cat([network(part) for part in inputs.split(_BATCH_SIZE[inputs.device.type])])


def hidden_values(network: Network, inputs: Tensor, precision: Precision) -> np.ndarray:
    """(N, F) float32: the input of the head's last layer, in evaluation mode."""
    network.eval()
    with torch.inference_mode(), autocast(inputs.device, precision):
        parts = [network.hidden_values(part).float() for part in inputs.split(_BATCH_SIZE[inputs.device.type])]
        return torch.cat(parts).cpu().numpy()
