"""Training one cell: what it depends on, its training set, its training, its files."""

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from classifiers.checkpoint import save_classifier
from classifiers.errors import ClassifierInputError
from classifiers.evaluation.grad_cam import grad_cam
from classifiers.evaluation.metrics import evaluate
from classifiers.models.network import Network
from classifiers.registry import find_model
from classifiers.tensor_files import TensorCache
from classifiers.training.config import resolve_published
from classifiers.training.device_augmentation import choose_augmentation_place
from classifiers.training.precision import choose_precision
from classifiers.training.train import TrainedClassifier, TrainingCallbacks, TrainingConfig, train_classifier
from ganbal.config import StudyConfig
from ganbal.data.decoding import Conversion
from ganbal.runtime.atomic_files import atomic_path, write_bytes
from ganbal.runtime.classifier_errors import as_input_error
from ganbal.runtime.cpus import torch_threads, usable_cpus
from ganbal.runtime.hashing import digest_of, large_file_digest
from ganbal.runtime.memory import advise_when_out_of_memory
from ganbal.study.arms import ARMS, ImageSet, TrainingSet
from ganbal.study.arms.weighted import class_weights_at
from ganbal.study.cases import CASES_FILES, choose_cases, write_cases
from ganbal.study.cell import (
    HISTORY_FILE,
    METRICS_FILE,
    MODEL_FILE,
    PREDICTIONS_FILE,
    VALIDATION_FILE,
    Cell,
    backbones_folder,
)
from ganbal.study.cell_metrics import chosen_threshold
from ganbal.study.cells import TestSet, conversion_entry, finished_metrics, mark_finished, write_probabilities
from ganbal.study.plan import augmented_versions, classifier_size_px
from ganbal.study.source import StudySource, training_set
from ganbal.synthesis.counts import additions_for

# Settings that other cells, or nothing in a cell's files, depend on.
_NOT_OF_A_CELL = {
    *("arms", "classifiers", "seeds", "synthetic_ratios", "minority_fractions"),
    *("image_size_px", "keep_models", "workers", "executor", "augmented_versions"),
    *(name for arm in ARMS.values() for name in arm.settings),
}

_FILES = [PREDICTIONS_FILE, VALIDATION_FILE, HISTORY_FILE, MODEL_FILE, *CASES_FILES]


def finish_cell(
    cell: Cell,
    source: StudySource,
    config: StudyConfig,
    *,
    device: torch.device,
    root: Path,
    feature_cache: Path,
    callbacks: TrainingCallbacks = TrainingCallbacks(),  # noqa: B008 (immutable)
) -> dict[str, Any]:
    """Train the cell unless it is finished.

    Args:
        root: the study's folder.
        callbacks: report progress; they may raise to stop.

    Returns:
        The content of its metrics.json.

    Raises:
        InputError: the classifier is not available or does not take these images.
        GanbalError: the memory does not suffice.
    """
    inputs = cell_inputs(cell, source, config)
    if (metrics := finished_metrics(cell.folder(root), inputs)) is not None:
        return metrics
    size_px = classifier_size_px(cell.classifier, config)
    with (
        as_input_error(),
        torch_threads(config.threads),  # the same number whoever trains the cell
        advise_when_out_of_memory(f"training {cell.classifier}", "study.batch_size", "study.workers"),
    ):
        images = source.with_fraction(cell.minority_fraction).at_size(size_px)
        return train_cell(
            cell,
            training_set(cell, images),
            images.validation,
            images.test,
            config,
            image_size_px=size_px,
            conversion=source.conversion,
            device=device,
            feature_cache=feature_cache,
            study_folder=root,
            inputs=inputs,
            callbacks=callbacks,
        )


def cell_inputs(cell: Cell, source: StudySource, config: StudyConfig) -> str:
    """A digest of everything that the cell's files depend on, except the device, which metrics.json names."""
    size_px = classifier_size_px(cell.classifier, config)
    settings = config.model_dump(mode="json", exclude=_NOT_OF_A_CELL)
    settings["weights"] = None
    if find_model(cell.classifier).frozen_backbone:
        settings["weights"] = _weights_identity(config.weights_of(cell.classifier))
    if versions := augmented_versions(cell.classifier, config):
        settings["augmented_versions"] = versions
    arm, source = ARMS[cell.arm], source.with_fraction(cell.minority_fraction)
    additions = additions_for(source.counts_at(size_px), cell.synthetic_ratio).tolist() if arm.adds_images else None
    own = {name: getattr(config, name) for name in arm.settings}
    return digest_of(
        settings,
        size_px,
        [cell.arm, cell.classifier, cell.seed],
        source.data_digest,
        source.synthetic_digest if arm.needs_synthetic else None,
        additions,
        *([own] if own else []),
    )


def _weights_identity(weights: str) -> str:
    """`imagenet`, `none`, or the digest of a file."""
    file = Path(weights)
    if weights in ("imagenet", "none") or not file.is_file():
        return weights
    return large_file_digest(file)


def train_cell(
    cell: Cell,
    training: TrainingSet,
    validation: ImageSet,
    test: TestSet,
    config: StudyConfig,
    *,
    image_size_px: int,
    conversion: Conversion,
    device: torch.device,
    feature_cache: Path,
    study_folder: Path,
    inputs: str,
    callbacks: TrainingCallbacks,
) -> dict[str, Any]:
    """Train, predict the test images, write the cell's files; metrics.json comes last and marks the cell as finished.

    Args:
        conversion: how the files of the images became squares; metrics.json keeps it for predictions of other files.
        inputs: digest of everything that the cell depends on.
        callbacks: report progress; they may raise to stop.

    Returns:
        The content of metrics.json.
    """
    start, cache = time.monotonic(), TensorCache(feature_cache, write_bytes)
    settings = resolve_published(training_config(config, cell, training, device), find_model(cell.classifier).recipe)
    trained = train_classifier(
        cell.classifier,
        train_pixels=training.images.pixels,
        train_labels=training.images.labels,
        val_pixels=validation.pixels,
        val_labels=validation.labels,
        train_is_synthetic=training.is_synthetic,
        num_classes=len(test.classes),
        image_size_px=image_size_px,
        weights=config.weights_of(cell.classifier),
        config=settings,
        device=device,
        cache=cache,
        callbacks=callbacks,
    )
    probabilities, of_validation = (
        trained.predict(images.pixels, callbacks.on_features) for images in (test.images, validation)
    )
    folder = cell.folder(study_folder)
    _remove_mark(folder)
    shared = _save_model(trained, folder, study_folder, validation, device, cache) if config.keep_models else []
    _write_tables(trained, validation, of_validation, test, probabilities, folder)
    draw_test_cases(trained, test, probabilities, folder)
    metrics = evaluate(test.images.labels, probabilities, test.classes) | _counts(trained, training, settings)
    metrics |= {
        "threshold_chosen": chosen_threshold(validation.labels, of_validation),
        "device": computed_on(device, settings, training.images.pixels.nbytes),
        "seconds": round(time.monotonic() - start, 2),
        **conversion_entry(conversion),
        "inputs": inputs,
    }
    return mark_finished(folder, metrics, [*_FILES, *shared])


def _remove_mark(folder: Path) -> None:
    """From here on the files are of a new training; a kill must not leave an older mark on them."""
    for name in (METRICS_FILE, MODEL_FILE):
        (folder / name).unlink(missing_ok=True)


def _save_model(
    trained: TrainedClassifier,
    folder: Path,
    study_folder: Path,
    validation: ImageSet,
    device: torch.device,
    cache: TensorCache,
) -> list[str]:
    """Save the classifier in the cell's folder.

    Returns:
        Paths, relative to that folder, of files outside it that the classifier needs: cells share the file of a
        frozen backbone.
    """
    backbones, probe = backbones_folder(study_folder), validation.pixels
    saved = save_classifier(
        trained, folder / MODEL_FILE, backbones, write_bytes=write_bytes, probe=probe, device=device, cache=cache
    )
    return [os.path.relpath(file, folder) for file in saved if file.parent != folder]


def _counts(trained: TrainedClassifier, training: TrainingSet, settings: TrainingConfig) -> dict[str, Any]:
    versions = {"augmented_versions": settings.augmented_versions} if settings.augmented_versions else {}
    return versions | {
        "num_train": training.num_examples,
        "num_train_synthetic": training.num_synthetic,
        "steps_taken": trained.steps_taken,
        "best_step": trained.best_step,
        "pretrained": trained.pretrained,
    }


def _write_tables(
    trained: TrainedClassifier,
    validation: ImageSet,
    of_validation: np.ndarray,
    test: TestSet,
    of_test: np.ndarray,
    folder: Path,
) -> None:
    """Write the validation and test predictions, (N, K) each, and the history of the training."""
    write_probabilities(folder / VALIDATION_FILE, test.classes, validation.labels, of_validation)
    write_probabilities(folder / PREDICTIONS_FILE, test.classes, test.images.labels, of_test, file_name=test.file_names)
    with atomic_path(folder / HISTORY_FILE) as temporary:
        pd.DataFrame(trained.history).to_csv(temporary, index=False, float_format="%.7g")


def computed_on(device: torch.device, settings: TrainingConfig, num_bytes: int) -> str:
    """What computes a cell, e.g. `cpu float32` or `cuda bfloat16, augmented there`; its last digits depend on it.

    Args:
        settings: with the augmentation of the model's publication resolved.
        num_bytes: size of the training images.
    """
    text = f"{device.type} {choose_precision(settings.precision, device)}"
    place = choose_augmentation_place(settings.augment_on, device, num_bytes)
    augments_every_epoch = settings.augment != "none" and not settings.augmented_versions
    return f"{text}, augmented there" if augments_every_epoch and place == "device" else text


def training_config(config: StudyConfig, cell: Cell, training: TrainingSet, device: torch.device) -> TrainingConfig:
    """The settings of the classifier package: those of the study and what the arm adds to them."""
    common = TrainingConfig(
        steps=config.steps,
        checks=config.checks,
        patience=config.patience,
        batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        augment=config.augment,
        augmented_versions=augmented_versions(cell.classifier, config),
        recipe=config.recipe,
        seed=cell.seed,
        class_weights=training.class_weights,
        sampling=training.sampling,
        feature_oversampling=training.feature_oversampling,
        feature_additions=training.feature_additions,
        num_workers=_augmentation_threads(config, device),
    )
    if training.synthetic_use == "weighted":
        weight = config.synthetic_weight
        return replace(common, synthetic_weight=weight, class_weights=class_weights_at(weight, training))
    if training.synthetic_use == "first":
        return replace(common, synthetic_steps=config.synthetic_steps)
    return replace(common, synthetic_batch_norm="separate") if training.synthetic_use != "alike" else common


def _augmentation_threads(config: StudyConfig, device: torch.device) -> int:
    """Threads per training that augment images. One supplies a CPU; a GPU that does not augment itself needs more."""
    if device.type == "cpu":
        return 1
    trainings = config.workers if isinstance(config.workers, int) else 1
    return max(1, min(8, usable_cpus() // trainings - 1))


def draw_test_cases(trained: TrainedClassifier, test: TestSet, probabilities: np.ndarray, folder: Path) -> None:
    """Draw correctly and wrongly classified test images, with heat maps where the classifier has feature maps."""
    kinds = choose_cases(test.images.labels, probabilities, test.file_names, test.classes)
    cases = [case for kind in kinds for case in kind]
    pixels = test.images.pixels[[case.row for case in cases]]
    predicted = np.array([test.classes.index(case.predicted) for case in cases])
    write_cases(kinds, pixels, _heat_maps(trained, pixels, predicted), folder)


def _heat_maps(trained: TrainedClassifier, pixels: np.ndarray, predicted: np.ndarray) -> np.ndarray | None:
    network = getattr(trained, "network", None)
    if not isinstance(network, Network):
        return None
    try:
        return grad_cam(network, pixels, predicted)
    except ClassifierInputError:
        return None
