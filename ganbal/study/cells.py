"""One cell of a study: one training of one classifier on one arm with one seed, and its test predictions."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from classifiers.evaluation.metrics import evaluate
from classifiers.training.precision import choose_precision
from classifiers.training.train import TrainedClassifier, TrainingConfig, train_classifier
from ganbal.config import StudyConfig
from ganbal.runtime.atomic_files import atomic_path, read_json, write_json
from ganbal.study.arms import ImageSet, TrainingSet
from ganbal.study.cell_extras import VALIDATION_FILE, keep_model, picture_cases, write_probabilities
from ganbal.study.cell_metrics import chosen_threshold


@dataclass(frozen=True)
class Cell:
    """Which training this is.

    Attributes:
        synthetic_ratio: images that the arm adds, as a share of the images that each class lacks; None for all that are
            available, and for arms that add none.
        minority_fraction: share of the minority class's training images that is kept for training.
    """

    arm: str
    classifier: str
    seed: int
    synthetic_ratio: float | None = None
    minority_fraction: float = 1.0

    def folder(self, study_folder: Path) -> Path:
        """Where the cell's files lie: as if there were neither ratios nor fractions where it has none of its own."""
        cells = study_folder / "cells"
        if self.minority_fraction != 1:
            cells = cells / f"fraction_{self.minority_fraction:g}"
        ratio = "" if self.synthetic_ratio is None else f"_ratio_{self.synthetic_ratio:g}"
        return cells / f"{self.arm}{ratio}" / self.classifier / str(self.seed)


@dataclass(frozen=True)
class TestSet:
    """What a cell is judged on, once, at its end."""

    __test__ = False  # not a test case, whatever pytest thinks of the name

    images: ImageSet
    file_names: list[str]
    patients: list[str]
    classes: tuple[str, ...]


def cell_is_done(folder: Path, inputs: str) -> bool:
    """Whether the cell's files are there and were made from inputs with this digest."""
    file = folder / "metrics.json"
    return file.is_file() and read_json(file).get("inputs") == inputs


def run_cell(
    cell: Cell,
    training: TrainingSet,
    validation: ImageSet,
    test: TestSet,
    config: StudyConfig,
    *,
    image_size_px: int,
    device: torch.device,
    feature_cache: Path,
    folder: Path,
    inputs: str,
    on_step: Callable[[int], None],
) -> dict[str, Any]:
    """Train, predict the test images, write the cell's files; metrics.json comes last and marks it done.

    Returns:
        The content of metrics.json.
    """
    start = time.monotonic()
    trained = train_classifier(
        cell.classifier,
        train_pixels=training.images.pixels,
        train_labels=training.images.labels,
        val_pixels=validation.pixels,
        val_labels=validation.labels,
        num_classes=len(test.classes),
        image_size_px=image_size_px,
        weights=config.weights,
        config=training_config(config, cell.seed, training),
        device=device,
        feature_cache=feature_cache,
        on_step=on_step,
    )
    probabilities, of_validation = trained.predict(test.images.pixels), trained.predict(validation.pixels)
    metrics = {
        **evaluate(test.images.labels, probabilities, test.classes),
        "threshold_chosen": chosen_threshold(validation.labels, of_validation),
        "num_train": training.num_examples,
        "num_train_synthetic": training.num_synthetic,
        "steps_taken": trained.steps_taken,
        "best_step": trained.best_step,
        "pretrained": trained.pretrained,
        "device": f"{device.type} {choose_precision('auto', device)}",
        "seconds": round(time.monotonic() - start, 2),
        "inputs": inputs,
    }
    # From here on the cell's files are of this training, and a kill must not leave an older one's mark on them.
    (folder / "metrics.json").unlink(missing_ok=True)
    keep_model(trained, validation, folder, wanted=config.keep_models, device=device, feature_cache=feature_cache)
    write_probabilities(folder / VALIDATION_FILE, test.classes, validation.labels, of_validation)
    picture_cases(trained, test.images, probabilities, test.file_names, test.classes, folder)
    _write(folder, trained, test, probabilities, metrics)
    return metrics


def read_probabilities(folder: Path, test: TestSet) -> np.ndarray:
    """The test predictions of a finished cell: (N, K) float64, in the order of the test set."""
    table = pd.read_csv(folder / "predictions.csv").set_index("file_name").loc[test.file_names]
    return table[[f"probability_{name}" for name in test.classes]].to_numpy(dtype=np.float64)


def training_config(config: StudyConfig, seed: int, training: TrainingSet) -> TrainingConfig:
    """The classifier package's view of the study's settings and of how the arm wants its images trained on."""
    return TrainingConfig(
        steps=config.steps,
        checks=config.checks,
        patience=config.patience,
        batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        augment=config.augment,
        recipe=config.recipe,
        seed=seed,
        class_weights=training.class_weights,
        sampling=training.sampling,
        feature_oversampling=training.feature_oversampling,
        feature_additions=training.feature_additions,
    )


def _write(
    folder: Path,
    trained: TrainedClassifier,
    test: TestSet,
    probabilities: np.ndarray,
    metrics: dict[str, Any],
) -> None:
    write_probabilities(
        folder / "predictions.csv", test.classes, test.images.labels, probabilities, file_name=test.file_names
    )
    with atomic_path(folder / "history.csv") as temporary:
        pd.DataFrame(trained.history).to_csv(temporary, index=False, float_format="%.7g")
    write_json(folder / "metrics.json", metrics)
