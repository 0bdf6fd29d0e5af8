"""Images in, predicted classes and probabilities out, from a classifier that a study kept."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from classifiers.checkpoint import load_classifier
from classifiers.evaluation.calibration import apply_temperature, fit_temperature
from classifiers.evaluation.metrics import predicted_classes
from classifiers.evaluation.thresholds import THRESHOLD
from ganbal.data.decoding import Conversion
from ganbal.errors import InputError
from ganbal.prediction.cell_choice import ChosenCell
from ganbal.prediction.given_images import GivenImage, find_given, read_given
from ganbal.prediction.thresholding import Threshold, choose_threshold
from ganbal.run.folder import Run
from ganbal.runtime.classifier_errors import as_input_error
from ganbal.runtime.console import Console
from ganbal.runtime.device import choose_device
from ganbal.study.cell import METRICS_FILE, MODEL_FILE, backbones_folder
from ganbal.study.cells import damaged_files, read_classes, read_conversion, read_validation

DISCLAIMER = "For research; not a medical device."
_IMAGES_AT_ONCE = 128


@dataclass(frozen=True)
class _Rule:
    """How a probability becomes a class and a calibrated probability."""

    classes: tuple[str, ...]
    threshold: Threshold
    temperature: float
    num_validation: int


def predict_images(
    places: Sequence[Path],
    run: Run,
    chosen: ChosenCell,
    *,
    threshold: str | None,
    device: str,
    console: Console,
) -> dict[str, Any]:
    """Predict every image with the classifier of the chosen cell.

    Returns:
        Run, cell, classes, threshold, temperature, warnings, and `images`: one entry per file with the predicted class,
        probabilities, calibrated_probabilities and is_synthetic, or with `problem`.

    Raises:
        InputError: no images, an invalid threshold, or a cell with damaged files.
    """
    files, warnings = find_given(places)
    for warning in warnings:
        console.warn(f"{warning}.")
    rule = _read_rule(run, chosen.folder, threshold)
    conversion = _conversion_of(run, chosen.folder)
    with as_input_error():
        classifier = load_classifier(
            chosen.folder / MODEL_FILE, backbones_folder(run.study_folder), choose_device(device)
        )
    entries: list[dict[str, Any]] = []
    given = read_given(files, classifier.image_size_px, conversion)
    with console.progress(len(files), "predicting", "image") as bar:
        while part := list(itertools.islice(given, _IMAGES_AT_ONCE)):
            readable = [image.pixels for image in part if image.pixels is not None]
            found = iter(classifier.predict(np.stack(readable)) if readable else ())
            entries += [_entry(image, found, rule) for image in part]
            bar.update(len(part))
    return _context(run, chosen, rule) | {"images": entries}


def _read_rule(run: Run, folder: Path, threshold: str | None) -> _Rule:
    if damaged := damaged_files(folder):
        raise InputError(
            found=f"Files of the cell {folder} are missing or damaged: {', '.join(damaged)}.",
            expected="Predictions need the files as the training left them.",
            action=f"Run `{run.command('compare')}`, which trains damaged cells again.",
        )
    classes = read_classes(folder)
    labels, probabilities = read_validation(folder, classes)
    temperature = fit_temperature(labels, probabilities)
    return _Rule(classes, choose_threshold(threshold, labels, probabilities), temperature, len(labels))


def _conversion_of(run: Run, folder: Path) -> Conversion:
    """How the images that the cell was trained with became squares, whatever the run's settings are now."""
    if (conversion := read_conversion(folder)) is None:
        raise InputError(
            found=f"{folder / METRICS_FILE} does not say how the images of the training became squares.",
            expected="Images to predict are converted in the same way: color or gray, fit, range of deep images.",
            action=f"Delete the folder {folder}; then `{run.command('compare')}` trains this classifier again, if the "
            "run's settings still ask for it.",
        )
    return conversion


def _entry(image: GivenImage, found: Iterator[np.ndarray], rule: _Rule) -> dict[str, Any]:
    if image.pixels is None:
        return {"file": str(image.file), "problem": image.problem}
    probabilities = next(found)[None]  # (1, K)
    limit = THRESHOLD if rule.threshold.value is None else rule.threshold.value
    return {
        "file": str(image.file),
        "predicted": rule.classes[int(predicted_classes(probabilities, limit)[0])],
        "probabilities": _by_class(rule.classes, probabilities[0]),
        "calibrated_probabilities": _by_class(rule.classes, apply_temperature(probabilities, rule.temperature)[0]),
        "is_synthetic": image.is_synthetic,
    }


def _by_class(classes: Sequence[str], probabilities: np.ndarray) -> dict[str, float]:
    return {name: round(float(value), 6) for name, value in zip(classes, probabilities, strict=True)}


def _context(run: Run, chosen: ChosenCell, rule: _Rule) -> dict[str, Any]:
    cell = chosen.cell
    study = (run.settings() or {}).get("study") or {}
    warnings = []
    if study.get("protocol") == "documents":
        warnings.append("Trained under protocol `documents`: its threshold and calibration come from the test set.")
    return {
        "run": str(run.folder),
        "cell": {"arm": cell.arm, "classifier": cell.classifier, "seed": cell.seed, "chosen": chosen.reason},
        "classes": list(rule.classes),
        "threshold": rule.threshold.value,
        "threshold_origin": rule.threshold.origin,
        "temperature": round(rule.temperature, 4),
        "num_validation": rule.num_validation,
        "warnings": warnings,
        "notice": DISCLAIMER,
    }
