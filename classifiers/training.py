"""From a model's name and images to a trained classifier."""

import math
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from classifiers.augmentation import check_augmentation
from classifiers.batches import Batches, Examples, augmented_batches, plain_batches
from classifiers.errors import ClassifierInputError
from classifiers.feature_oversampling import check_fixed_vectors, smote
from classifiers.fitted_layer import FitSettings
from classifiers.input_checks import check_class_weights, check_labels, check_pixels
from classifiers.losses import choose_loss
from classifiers.network_inputs import NetworkInputs
from classifiers.network_store import load_trained, save_trained, training_digest
from classifiers.precision import choose_precision
from classifiers.pretrained_weights import origin_of
from classifiers.registry import build_model, find_model, is_start_of_several
from classifiers.trained_classifier import TrainedClassifier, hidden_values
from classifiers.training_config import TrainingConfig, settle
from classifiers.training_loop import Listeners, Outcome, evaluate_on, fit, kernels_of

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
    listeners = Listeners(on_step or (lambda count: None), on_check or (lambda row: None))
    start = model.trained_as or model_name
    network = build_model(start, num_classes, image_size_px, weights, seed=config.seed)
    network.to(device).to(memory_format=torch.channels_last)
    precision = choose_precision(config.precision, device)
    inputs = NetworkInputs(network, model_name, image_size_px, device, precision, feature_cache)

    def examples(pixels: np.ndarray, labels: np.ndarray) -> Examples:
        return Examples(inputs.prepare(pixels, on_batch=lambda: listeners.on_step(0)), _on_device(labels, device))

    outcome, num_outputs = Outcome(), model.num_outputs(num_classes)
    validation, val_loss = examples(val_pixels, val_labels), choose_loss(num_outputs, None, device)
    kept = None
    if feature_cache is not None and is_start_of_several(model_name):
        arrays = [train_pixels, train_labels, val_pixels, val_labels]
        digest = training_digest(start, config, arrays, num_classes, weights, precision, device.type)
        kept = feature_cache / "trained_networks" / f"{digest[:32]}.safetensors"
    found = load_trained(kept, network) if kept is not None else None
    if found is not None:
        outcome = found
    elif kernels_of(network):
        batches: Batches
        if config.augment == "none":
            batches = plain_batches(_with_more(examples(train_pixels, train_labels), config), config)
        else:
            batches = augmented_batches(train_pixels, _on_device(train_labels, device), config)
        train_loss = choose_loss(num_outputs, config.class_weights, device)
        with closing(batches), _own_random_state(config.seed, device):
            outcome = fit(
                network,
                batches,
                validation,
                train_loss=train_loss,
                val_loss=val_loss,
                config=config,
                precision=precision,
                listeners=listeners,
            )
        if kept is not None:
            save_trained(kept, network, outcome)
    if model.fit_last_layer is not None:
        hidden = hidden_values(network, examples(train_pixels, train_labels).inputs, precision)
        fitted_labels = train_labels
        if config.feature_oversampling is not None:
            hidden, fitted_labels = smote(hidden, train_labels, config.feature_additions, seed=config.seed)
        settings = FitSettings(num_classes, num_outputs, config.class_weights, config.seed)
        head = network.head
        assert isinstance(head, nn.Sequential)
        head[-1] = model.fit_last_layer(hidden, fitted_labels, settings).to(device)
    if not outcome.history:
        row = {"step": 0, "train_loss": math.nan} | evaluate_on(network, validation, val_loss, precision)
        outcome.history.append(row | {"learning_rate": 0.0})
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
