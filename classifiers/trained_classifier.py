"""A trained network: asking it, saving it, loading it again."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from classifiers.atomic_file import save_tensors
from classifiers.errors import ClassifierInputError
from classifiers.models.network import Network
from classifiers.registry import build_model
from classifiers.training.input_checks import check_pixels
from classifiers.training.losses import probabilities_of
from classifiers.training.network_inputs import NetworkInputs
from classifiers.training.precision import Precision, autocast, choose_precision

_IMAGES_AT_ONCE = 64
_SAVED_FACTS: dict[str, Callable[[str], Any]] = {
    "model_name": str,
    "num_classes": int,
    "image_size_px": int,
    "pretrained": lambda text: text or None,
    "steps_taken": int,
    "best_step": int,
}


@dataclass(frozen=True)
class TrainedClassifier:
    """A network with the best weights of its training."""

    model_name: str
    num_classes: int
    image_size_px: int
    network: Network
    inputs: NetworkInputs
    pretrained: str | None
    """Where the weights of its frozen backbone came from: imagenet, none or file; None where it has none."""
    steps_taken: int
    """Optimiser steps made before it stopped."""
    best_step: int
    """The step whose weights these are."""
    history: list[dict[str, float]]
    """One row a check: step, train_loss, val_loss, val_accuracy, learning_rate."""

    @property
    def precision(self) -> Precision:
        """What it computes in: probabilities in float32 and bfloat16 differ, in the third digit or so."""
        return self.inputs.precision

    def predict(self, pixels: np.ndarray) -> np.ndarray:
        """(N, S, S) uint8 to (N, num_classes) float32 probabilities.

        Raises:
            ClassifierInputError: the images are not uint8 squares of `image_size_px`.
        """
        check_pixels(pixels, self.image_size_px)
        logits = predict_logits(self.network, self.inputs.prepare(pixels), self.precision)
        return probabilities_of(logits, self.num_classes).cpu().numpy()

    def save(self, file: Path) -> None:
        """Write all weights, the frozen ones too, as safetensors that `load_classifier` reads."""
        facts = {name: getattr(self, name) for name in _SAVED_FACTS}
        texts = {name: "" if value is None else str(value) for name, value in facts.items()}
        save_tensors(file, self.network.state_dict(), texts)


def load_classifier(file: Path, device: torch.device, feature_cache: Path | None = None) -> TrainedClassifier:
    """The classifier that `TrainedClassifier.save` wrote, without its history.

    Raises:
        ClassifierInputError: there is no such file, or it is something else.
    """
    try:
        with safe_open(file, framework="pt") as content:
            texts = content.metadata() or {}
            weights = {name: content.get_tensor(name) for name in content.keys()}  # noqa: SIM118 (not a dict)
        facts: dict[str, Any] = {name: read(texts[name]) for name, read in _SAVED_FACTS.items()}
        network = build_model(facts["model_name"], facts["num_classes"], facts["image_size_px"])
        network.load_state_dict(weights)
    except (OSError, SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise ClassifierInputError(
            expected=f"a trained classifier in {file}",
            found=f"none ({str(error).splitlines()[0]})",
            action="Give a .safetensors file that a training has saved.",
        ) from error
    network.to(device).to(memory_format=torch.channels_last)
    precision = choose_precision("auto", device)
    inputs = NetworkInputs(network, facts["model_name"], facts["image_size_px"], device, precision, feature_cache)
    return TrainedClassifier(network=network, inputs=inputs, history=[], **facts)


def predict_logits(network: Network, inputs: Tensor, precision: Precision) -> Tensor:
    """Logits (N, num_outputs) of inputs (N, …) on the network's device, as in evaluation."""
    network.eval()
    with torch.inference_mode(), autocast(inputs.device, precision):
        return torch.cat([network(part) for part in inputs.split(_IMAGES_AT_ONCE)])


def hidden_values(network: Network, inputs: Tensor, precision: Precision) -> np.ndarray:
    """(N, F) float32: what comes before the head's last layer, as in evaluation."""
    network.eval()
    with torch.inference_mode(), autocast(inputs.device, precision):
        parts = [network.hidden_values(part).float() for part in inputs.split(_IMAGES_AT_ONCE)]
        return torch.cat(parts).cpu().numpy()
