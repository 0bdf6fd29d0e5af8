"""From a model's name and images to a trained classifier."""

import math
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from classifiers.errors import ClassifierInputError
from classifiers.models.fitted_layer import FitSettings, LastLayerFit
from classifiers.models.network import Network
from classifiers.models.pretrained_weights import origin_of
from classifiers.registry import build_model, find_model, is_start_of_several
from classifiers.trained_classifier import TrainedClassifier, hidden_values
from classifiers.training.augmentation import check_augmentation
from classifiers.training.batches import Batches, Examples, augmented_batches, plain_batches
from classifiers.training.config import TrainingConfig, settle
from classifiers.training.feature_oversampling import check_fixed_vectors, smote
from classifiers.training.input_checks import check_class_weights, check_labels, check_pixels
from classifiers.training.loop import Listeners, Outcome, evaluate_on, fit, kernels_of
from classifiers.training.losses import Loss, choose_loss
from classifiers.training.network_inputs import NetworkInputs
from classifiers.training.network_store import trained_once, training_digest
from classifiers.training.precision import choose_precision

__all__ = ["TrainedClassifier", "TrainingConfig", "train_classifier"]


def train_classifier(
    model_name: str,
    *,
    train_pixels: np.ndarray,
    train_labels: np.ndarray,
    val_pixels: np.ndarray,
    val_labels: np.ndarray,
    num_classes: int,
    image_size_px: int,
    weights: str,
    config: TrainingConfig,
    device: torch.device,
    feature_cache: Path | None,
    on_step: Callable[[int], None] | None = None,
    on_check: Callable[[dict[str, float]], None] | None = None,
) -> TrainedClassifier:
    """Train the model on the training images; the validation images say when to slow down, stop, and what to keep.

    The same arguments give the same predictions, bit for bit, on the CPU of one machine.

    Args:
        train_pixels, val_pixels: (N, S, S) uint8 grey with S = `image_size_px`.
        train_labels, val_labels: (N,) whole numbers from 0 to `num_classes` - 1.
        weights: of a frozen backbone: "imagenet", "none" or a file; other models take no notice.
        feature_cache: folder for the features of frozen backbones; None keeps them in memory.
        on_step: called with 1 after every optimiser step, and with 0 while features are computed. It may raise to
            stop the training.
        on_check: called with every row of the history.

    Raises:
        ClassifierInputError: wrong images, labels or settings, weights not to be had, or a training that diverged.
    """
    for pixels, labels in ((train_pixels, train_labels), (val_pixels, val_labels)):
        check_pixels(pixels, image_size_px)
        check_labels(labels, len(pixels), num_classes)
    check_class_weights(config.class_weights, num_classes)
    check_augmentation(config.augment)
    model = find_model(model_name)
    config = settle(config, model.recipe)
    if config.feature_oversampling is not None:
        check_fixed_vectors(model, config.augment)
    start = model.trained_as or model_name
    network = build_model(start, num_classes, image_size_px, weights, seed=config.seed)
    network.to(device).to(memory_format=torch.channels_last)
    precision = choose_precision(config.precision, device)
    inputs = NetworkInputs(network, model_name, image_size_px, device, precision, feature_cache)
    listeners = Listeners(on_step or (lambda count: None), on_check or (lambda row: None))
    training = _Training(network, inputs, config, num_classes, model.num_outputs(num_classes), listeners, device)
    validation = training.examples(val_pixels, val_labels)
    kept = None
    if feature_cache is not None and is_start_of_several(model_name):
        arrays = [train_pixels, train_labels, val_pixels, val_labels]
        digest = training_digest(start, config, arrays, num_classes, weights, precision, device.type)
        kept = feature_cache / "trained_networks" / f"{digest[:32]}.safetensors"
    outcome = trained_once(kept, network, lambda: training.run(train_pixels, train_labels, validation))
    if model.fit_last_layer is not None:
        training.fit_last_layer(model.fit_last_layer, train_pixels, train_labels)
    if not outcome.history:
        outcome.history.append(training.only_row(validation))
    return TrainedClassifier(
        model_name=model_name,
        num_classes=num_classes,
        image_size_px=image_size_px,
        network=network,
        inputs=inputs,
        pretrained=origin_of(weights) if model.frozen_backbone else None,
        steps_taken=int(outcome.history[-1]["step"]),
        best_step=outcome.kept_step,
        history=outcome.history,
    )


@dataclass(frozen=True)
class _Training:
    """What every part of a training needs."""

    network: Network
    inputs: NetworkInputs
    config: TrainingConfig
    num_classes: int
    num_outputs: int
    listeners: Listeners
    device: torch.device

    def examples(self, pixels: np.ndarray, labels: np.ndarray) -> Examples:
        prepared = self.inputs.prepare(pixels, on_batch=lambda: self.listeners.on_step(0))
        return Examples(prepared, _on_device(labels, self.device))

    def run(self, pixels: np.ndarray, labels: np.ndarray, validation: Examples) -> Outcome:
        """Train by gradients, where there is anything that takes them."""
        if not kernels_of(self.network):
            return Outcome()
        batches: Batches
        if self.config.augment == "none":
            batches = plain_batches(_with_more(self.examples(pixels, labels), self.config), self.config)
        else:
            batches = augmented_batches(pixels, _on_device(labels, self.device), self.config)
        with closing(batches), _own_random_state(self.config.seed, self.device):
            return fit(
                self.network,
                batches,
                validation,
                train_loss=choose_loss(self.num_outputs, self.config.class_weights, self.device),
                val_loss=self._plain_loss(),
                config=self.config,
                precision=self.inputs.precision,
                listeners=self.listeners,
            )

    def fit_last_layer(self, fit_to: LastLayerFit, pixels: np.ndarray, labels: np.ndarray) -> None:
        """Put a layer that is fitted to the features of the images in the place of the head's last one."""
        hidden = hidden_values(self.network, self.examples(pixels, labels).inputs, self.inputs.precision)
        if self.config.feature_oversampling is not None:
            hidden, labels = smote(hidden, labels, self.config.feature_additions, seed=self.config.seed)
        settings = FitSettings(self.num_classes, self.num_outputs, self.config.class_weights, self.config.seed)
        head = self.network.head
        assert isinstance(head, nn.Sequential)
        head[-1] = fit_to(hidden, labels, settings).to(self.device)

    def only_row(self, validation: Examples) -> dict[str, float]:
        """The history of a model that was fitted without steps."""
        measured = evaluate_on(self.network, validation, self._plain_loss(), self.inputs.precision)
        return {"step": 0, "train_loss": math.nan} | measured | {"learning_rate": 0.0}

    def _plain_loss(self) -> Loss:
        return choose_loss(self.num_outputs, None, self.device)


@contextmanager
def _own_random_state(seed: int, device: torch.device) -> Iterator[None]:
    """Seed torch's global generators for this block only: dropout draws from them and takes no other."""
    is_cuda = device.type == "cuda"
    with torch.random.fork_rng(devices=[torch.cuda.current_device()] if is_cuda else []):
        torch.default_generator.manual_seed(seed)
        if is_cuda:
            torch.cuda.manual_seed(seed)
        yield


def _with_more(examples: Examples, config: TrainingConfig) -> Examples:
    """The examples, with those that are made out of features where the settings ask for such."""
    if config.feature_oversampling is None:
        return examples
    if not examples.inputs.is_floating_point():
        raise ClassifierInputError(
            expected="features that fit into memory, for SMOTE",
            found=f"too many of {len(examples.labels)} images",
            action="Take smaller images, or do without SMOTE.",
        )
    device, kind = examples.inputs.device, examples.inputs.dtype
    vectors, labels = smote(
        examples.inputs.float().cpu().numpy(),
        examples.labels.cpu().numpy(),
        config.feature_additions,
        seed=config.seed,
    )
    return Examples(torch.from_numpy(vectors).to(device, kind), _on_device(labels, device))


def _on_device(labels: np.ndarray, device: torch.device) -> Tensor:
    return torch.from_numpy(labels.astype(np.int64)).to(device)
