"""Images in, classes and probabilities out, from a classifier that a study kept."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from classifiers.checkpoint import load_kept_classifier
from classifiers.errors import ClassifierInputError
from classifiers.evaluation.calibration import apply_temperature
from ganbal.errors import InputError
from ganbal.prediction.cell_choice import ChosenCell
from ganbal.prediction.given_images import GivenImage, find_given, read_given
from ganbal.prediction.thresholding import Threshold, Validation, choose_threshold, read_classes, read_validation
from ganbal.run.folder import Run
from ganbal.runtime.console import Console
from ganbal.runtime.device import choose_device
from ganbal.study.cell_extras import MODEL_FILE, VALIDATION_FILE, backbones_folder

DISCLAIMER = "For research; not a medical device."
_IMAGES_AT_ONCE = 128


def predict_images(
    places: Sequence[Path],
    run: Run,
    chosen: ChosenCell,
    *,
    threshold: str | None,
    device: str,
    console: Console,
) -> dict[str, Any]:
    """Ask the chosen cell's classifier about every image.

    Returns:
        Run, cell, classes, threshold, temperature, warnings, and `images`: one entry per file with the predicted class,
        probabilities, calibrated_probabilities (None without validation predictions) and is_synthetic, or with
        `problem`.

    Raises:
        InputError: nothing there to predict, a threshold that cannot be, or a kept classifier that does not load.
    """
    files = find_given(places)
    classes = read_classes(chosen.folder / "predictions.csv")
    validation = read_validation(chosen.folder / VALIDATION_FILE, classes)
    limit = choose_threshold(threshold, validation, len(classes))
    try:
        classifier = load_kept_classifier(
            chosen.folder / MODEL_FILE, backbones_folder(run.study_folder), choose_device(device)
        )
    except ClassifierInputError as error:
        raise InputError(expected=error.expected, found=error.found, action=error.action) from error
    temperature = validation.temperature if validation is not None else None
    entries = []
    given = read_given(files, classifier.image_size_px)
    with console.progress(len(files), "predicting", "image") as bar:
        while part := list(itertools.islice(given, _IMAGES_AT_ONCE)):
            readable = [image.pixels for image in part if image.pixels is not None]
            found = iter(classifier.predict(np.stack(readable)) if readable else ())
            entries += [_entry(image, found, classes, limit, temperature) for image in part]
            bar.update(len(part))
    return _context(run, chosen, classes, limit, validation, temperature) | {"images": entries}


def _entry(
    image: GivenImage, found: Any, classes: list[str], limit: Threshold, temperature: float | None
) -> dict[str, Any]:
    if image.pixels is None:
        return {"file": str(image.file), "problem": image.problem}
    probabilities = next(found)
    calibrated = None if temperature is None else apply_temperature(probabilities[None], temperature)[0]
    is_second = limit.value is not None and probabilities[1] >= limit.value
    label = int(is_second) if limit.value is not None else int(probabilities.argmax())
    return {
        "file": str(image.file),
        "predicted": classes[label],
        "probabilities": _by_class(classes, probabilities),
        "calibrated_probabilities": None if calibrated is None else _by_class(classes, calibrated),
        "is_synthetic": image.is_synthetic,
    }


def _by_class(classes: list[str], probabilities: np.ndarray) -> dict[str, float]:
    return {name: round(float(value), 6) for name, value in zip(classes, probabilities, strict=True)}


def _context(
    run: Run,
    chosen: ChosenCell,
    classes: list[str],
    limit: Threshold,
    validation: Validation | None,
    temperature: float | None,
) -> dict[str, Any]:
    cell = chosen.cell
    study = (run.settings() or {}).get("study") or {}
    warnings = []
    if study.get("protocol") == "documents":
        warnings.append("Trained under protocol `documents`: its threshold and calibration come from the test set.")
    return {
        "run": str(run.folder),
        "cell": {"arm": cell.arm, "classifier": cell.classifier, "seed": cell.seed, "chosen": chosen.reason},
        "classes": classes,
        "threshold": limit.value,
        "threshold_origin": limit.origin,
        "temperature": None if temperature is None else round(temperature, 4),
        "num_validation": None if validation is None else len(validation.labels),
        "warnings": warnings,
        "notice": DISCLAIMER,
    }
