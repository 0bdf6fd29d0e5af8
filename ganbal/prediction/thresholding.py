"""What validation images add to a probability: a threshold and a calibration. Pure after reading one CSV."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from classifiers.errors import ClassifierInputError
from classifiers.evaluation.calibration import fit_temperature
from classifiers.evaluation.metrics import THRESHOLD
from classifiers.evaluation.thresholds import recall_threshold, youden_threshold
from ganbal.errors import InputError

_COLUMN = "probability_"


@dataclass(frozen=True)
class Validation:
    """Validation predictions of a cell: labels (N,) int64, probabilities (N, K)."""

    labels: np.ndarray
    probabilities: np.ndarray

    @property
    def temperature(self) -> float:
        """What logits are divided by to calibrate them (Guo et al. 2017)."""
        return fit_temperature(self.labels, self.probabilities)


@dataclass(frozen=True)
class Threshold:
    """From which probability on the second class is called, and where that comes from; None for three classes."""

    value: float | None
    origin: str


def read_classes(predictions_file: Path) -> list[str]:
    """Class names in the order of labels, from the columns of a cell's predictions.csv."""
    columns = pd.read_csv(predictions_file, nrows=0).columns
    return [name.removeprefix(_COLUMN) for name in columns if name.startswith(_COLUMN)]


def read_validation(file: Path, classes: list[str]) -> Validation | None:
    """A cell's validation predictions; None where it kept none."""
    if not file.is_file():
        return None
    table = pd.read_csv(file, dtype={"label": str}, keep_default_na=False)
    labels = np.array([classes.index(name) for name in table["label"]], dtype=np.int64)
    return Validation(labels, table[[f"{_COLUMN}{name}" for name in classes]].to_numpy(dtype=np.float64))


def choose_threshold(wanted: str | None, validation: Validation | None, num_classes: int) -> Threshold:
    """0.5, or what `wanted` says: a number, `youden`, or `recall=0.95` of the second class, on validation images.

    Raises:
        InputError: none of these, or there is nothing to choose it on.
    """
    if num_classes != 2:
        if wanted is not None:
            raise _wrong_threshold(wanted, f"{num_classes} classes, of which the most probable is called")
        return Threshold(None, "the most probable class")
    if wanted is None:
        return Threshold(THRESHOLD, "the usual one")
    recall = re.fullmatch(r"recall=([0-9.eE+-]+)", wanted)
    if wanted == "youden" or recall:
        return _on_validation(wanted, _number(recall[1]) if recall else None, validation)
    value = _number(wanted)
    if value is None or not 0 <= value <= 1:
        raise _wrong_threshold(wanted, repr(wanted))
    return Threshold(value, "as asked for")


def _on_validation(wanted: str, recall: float | None, validation: Validation | None) -> Threshold:
    if validation is None:
        raise _wrong_threshold(wanted, "a cell that kept no validation predictions")
    if wanted != "youden" and recall is None:
        raise _wrong_threshold(wanted, repr(wanted))
    labels, positive = validation.labels, validation.probabilities[:, 1]
    try:
        chosen = youden_threshold(labels, positive) if recall is None else recall_threshold(labels, positive, recall)
    except ClassifierInputError as error:
        raise InputError(expected=error.expected, found=error.found, action=error.action) from error
    rule = "Youden's J" if recall is None else f"a recall of {recall:g}"
    reached = f"recall {chosen.recall:.2f}, specificity {chosen.specificity:.2f} there"
    return Threshold(chosen.threshold, f"{rule} on {len(labels)} validation images: {reached}")


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _wrong_threshold(wanted: str, found: str) -> InputError:
    return InputError(
        expected=f"what --threshold {wanted} needs: two classes, for `youden` and `recall=R` validation images",
        found=found,
        action="Give a number from 0 to 1, `youden`, `recall=0.95`, or leave --threshold out.",
    )
