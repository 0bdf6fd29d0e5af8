"""From a model's name and images to a trained classifier."""

import math
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from classifiers.errors import ClassifierInputError
from classifiers.models.fitted_layer import FitSettings, LastLayerFit
from classifiers.models.model import Model
from classifiers.models.network import Network
from classifiers.models.pretrained_weights import origin_of
from classifiers.pixels import num_channels
from classifiers.registry import build_model, find_model, is_start_of_several
from classifiers.tensor_files import TensorCache
from classifiers.trained_classifier import TrainedClassifier, hidden_values
from classifiers.training.augmentation import check_augmentation
from classifiers.training.augmented_versions import AugmentedVersions
from classifiers.training.batches import Batches, Examples, augmented_batches, plain_batches, versioned_batches
from classifiers.training.config import TrainingConfig, resolve_published
from classifiers.training.feature_oversampling import check_fixed_vectors, smote
from classifiers.training.input_checks import (
    check_class_weights,
    check_is_synthetic,
    check_labels,
    check_pixels,
    check_trained_in_steps,
)
from classifiers.training.loop import TrainingCallbacks, TrainingResult, evaluate_on, fit, kernels_of
from classifiers.training.losses import Loss, choose_loss
from classifiers.training.network_cache import trained_once, training_digest
from classifiers.training.network_inputs import NetworkInputs
from classifiers.training.separate_batch_norm import check_separate_batch_norm, separate_batch_norms

__all__ = ["TrainedClassifier", "TrainingCallbacks", "TrainingConfig", "train_classifier"]

_NO_CALLBACKS = TrainingCallbacks()


def train_classifier(
    model_name: str,
    *,
    train_pixels: np.ndarray,
    train_labels: np.ndarray,
    val_pixels: np.ndarray,
    val_labels: np.ndarray,
    train_is_synthetic: np.ndarray | None = None,
    num_classes: int,
    image_size_px: int,
    weights: str,
    config: TrainingConfig,
    device: torch.device,
    cache: TensorCache | None,
    callbacks: TrainingCallbacks = _NO_CALLBACKS,
) -> TrainedClassifier:
    """Train the model; validation images determine the learning rate, early stopping and the best weights.

    The same arguments give the same predictions, bit for bit, on the CPU of one machine.

    Args:
        train_pixels, val_pixels: (N, S, S) or (N, S, S, 3) uint8 with S = `image_size_px`, both gray or both RGB.
        train_labels, val_labels: (N,) integers from 0 to `num_classes` - 1.
        train_is_synthetic: (N,) bool, for settings that treat synthetic images differently.
        weights: of a frozen backbone: "imagenet", "none" or a file; other models ignore it.
        cache: stores the features of frozen backbones, and networks that several models start from; None stores
            features in memory.
        callbacks: report progress; any of them may raise to stop the training.

    Raises:
        ClassifierInputError: wrong images, labels or settings, weights that are not available, or a training that
            diverged.
    """
    arrays = [train_pixels, train_labels, val_pixels, val_labels]
    model = find_model(model_name)
    config = resolve_published(config, model.recipe)
    _check_arguments(arrays, train_is_synthetic, num_classes, image_size_px, model, config)
    arrays += [] if train_is_synthetic is None else [train_is_synthetic]
    start = model.trained_as or model_name
    network = build_model(start, num_classes, image_size_px, weights, seed=config.seed)
    inputs = NetworkInputs.of(network, model_name, image_size_px, device, cache, config.precision)
    precision = inputs.precision
    num_outputs = model.num_outputs(num_classes)
    training = _Training(network, inputs, config, num_classes, num_outputs, image_size_px, callbacks, device)
    validation = training.examples(val_pixels, val_labels)
    result = trained_once(
        cache.subfolder("trained_networks") if cache is not None and is_start_of_several(model_name) else None,
        lambda: training_digest(start, config, arrays, num_classes, weights, precision, device.type)[:32],
        network,
        lambda: training.run(train_pixels, train_labels, train_is_synthetic, validation),
    )
    if model.fit_last_layer is not None:
        training.fit_last_layer(model.fit_last_layer, train_pixels, train_labels)
    return _with_history(training, model, model_name, weights, result, validation, num_channels(train_pixels))


def versions_of(is_frozen: bool, config: TrainingConfig) -> AugmentedVersions | None:
    """The augmented versions whose features a network is trained on; None where images are augmented again in every
    epoch or not at all.

    Args:
        is_frozen: whether its whole backbone is.
        config: with the augmentation of the model's publication resolved.
    """
    if not (is_frozen and config.augmented_versions) or config.augment == "none":
        return None
    return AugmentedVersions(config.augment, config.augmented_versions)


def _check_arguments(
    arrays: Sequence[np.ndarray],
    is_synthetic: np.ndarray | None,
    num_classes: int,
    image_size_px: int,
    model: Model,
    config: TrainingConfig,
) -> None:
    """Raise ClassifierInputError for wrong images, labels or settings, before any work starts."""
    train_pixels, train_labels, val_pixels, val_labels = arrays
    for pixels, labels in ((train_pixels, train_labels), (val_pixels, val_labels)):
        check_pixels(pixels, image_size_px, num_channels(train_pixels))
        check_labels(labels, len(pixels), num_classes)
    check_class_weights(config.class_weights, num_classes)
    check_augmentation(config.augment)
    if config.feature_oversampling is not None:
        check_fixed_vectors(model, config.augment)
    treats_synthetic = config.synthetic_weight != 1 or config.synthetic_steps < 1
    separates = config.synthetic_batch_norm == "separate"
    check_is_synthetic(is_synthetic, len(train_pixels), is_needed=treats_synthetic or separates)
    if treats_synthetic:
        check_trained_in_steps(model)
    if separates:
        check_separate_batch_norm(model)


@dataclass(frozen=True)
class _Training:
    """The network of one training with its inputs and settings."""

    network: Network
    inputs: NetworkInputs
    config: TrainingConfig
    num_classes: int
    num_outputs: int
    image_size_px: int
    callbacks: TrainingCallbacks
    device: torch.device

    def examples(self, pixels: np.ndarray, labels: np.ndarray, is_synthetic: np.ndarray | None = None) -> Examples:
        inputs = self.inputs.prepare(pixels, self.callbacks.on_features)
        return Examples(inputs, _to_device(labels, self.device), self._marks(is_synthetic))

    def _marks(self, is_synthetic: np.ndarray | None) -> Tensor | None:
        return None if is_synthetic is None else torch.from_numpy(is_synthetic).to(self.device)

    def run(
        self, pixels: np.ndarray, labels: np.ndarray, is_synthetic: np.ndarray | None, validation: Examples
    ) -> TrainingResult:
        """Train by gradient descent if the network has weights that take gradients."""
        if not kernels_of(self.network):
            return TrainingResult()
        batches: Batches
        versions = versions_of(self.network.frozen_backbone, self.config)
        on_device, marks = _to_device(labels, self.device), self._marks(is_synthetic)
        if versions is not None:
            inputs, number = self.inputs.prepare_versions(pixels, versions, self.callbacks.on_features), versions.number
            examples = Examples(inputs, on_device.repeat(number), None if marks is None else marks.repeat(number))
            batches = versioned_batches(examples, number, self.config)
        elif self.config.augment == "none":
            examples = self.examples(pixels, labels, is_synthetic)
            batches = plain_batches(_oversampled(examples, self.config), self.config)
        else:
            batches = augmented_batches(pixels, on_device, self.config, marks)
        separates = self.config.synthetic_batch_norm == "separate"
        with (
            closing(batches),
            _own_random_state(self.config.seed, self.device),
            separate_batch_norms(self.network) if separates else nullcontext(),
        ):
            return fit(
                self.network,
                batches,
                validation,
                num_classes=self.num_classes,
                train_loss=choose_loss(
                    self.num_outputs, self.config.class_weights, self.device, self.config.synthetic_weight
                ),
                val_loss=self._unweighted_loss(),
                config=self.config,
                precision=self.inputs.precision,
                callbacks=self.callbacks,
            )

    def fit_last_layer(self, fit_to: LastLayerFit, pixels: np.ndarray, labels: np.ndarray) -> None:
        """Replace the head's last layer by one that is fitted to the features of the images."""
        hidden = hidden_values(self.network, self.examples(pixels, labels).inputs, self.inputs.precision)
        if self.config.feature_oversampling is not None:
            hidden, labels = smote(hidden, labels, self.config.feature_additions, seed=self.config.seed)
        settings = FitSettings(self.num_classes, self.num_outputs, self.config.class_weights, self.config.seed)
        head = self.network.head
        assert isinstance(head, nn.Sequential)
        head[-1] = fit_to(hidden, labels, settings).to(self.device)

    def only_row(self, validation: Examples) -> dict[str, float]:
        """The history of a model that is fitted without steps."""
        loss, precision = self._unweighted_loss(), self.inputs.precision
        measured = evaluate_on(self.network, validation, self.num_classes, loss, precision)
        return {"step": 0, "train_loss": math.nan} | measured | {"learning_rate": 0.0}

    def _unweighted_loss(self) -> Loss:
        return choose_loss(self.num_outputs, None, self.device)


def _with_history(
    training: _Training,
    model: Model,
    model_name: str,
    weights: str,
    result: TrainingResult,
    validation: Examples,
    channels: int,
) -> TrainedClassifier:
    """The trained network and the course of its training."""
    history = result.history or [training.only_row(validation)]
    return TrainedClassifier(
        model_name=model_name,
        num_classes=training.num_classes,
        image_size_px=training.image_size_px,
        channels=channels,
        network=training.network,
        inputs=training.inputs,
        pretrained=origin_of(weights) if model.frozen_backbone else None,
        steps_taken=int(history[-1]["step"]),
        best_step=result.kept_step,
        history=history,
    )


@contextmanager
def _own_random_state(seed: int, device: torch.device) -> Iterator[None]:
    """Seed torch's global generators inside this block only: dropout uses them and accepts no other."""
    cuda = [] if device.type == "cpu" else [torch.cuda.current_device() if device.index is None else device.index]
    with torch.random.fork_rng(devices=cuda):
        torch.default_generator.manual_seed(seed)
        for index in cuda:
            torch.cuda.default_generators[index].manual_seed(seed)
        yield


def _oversampled(examples: Examples, config: TrainingConfig) -> Examples:
    """The examples, followed by those that the settings add in feature space."""
    if config.feature_oversampling is None:
        return examples
    if not examples.inputs.is_floating_point():
        raise ClassifierInputError(
            found=f"The features of {len(examples.labels)} images do not fit into memory.",
            expected="SMOTE needs them in memory.",
            action="Use smaller images, or leave out SMOTE.",
        )
    device, kind = examples.inputs.device, examples.inputs.dtype
    vectors, labels = smote(
        examples.inputs.float().cpu().numpy(),
        examples.labels.cpu().numpy(),
        config.feature_additions,
        seed=config.seed,
    )
    return Examples(torch.from_numpy(vectors).to(device, kind), _to_device(labels, device))


def _to_device(labels: np.ndarray, device: torch.device) -> Tensor:
    return torch.from_numpy(labels.astype(np.int64)).to(device)
