"""From probabilities to a predicted class: the threshold, chosen on validation predictions on request."""

import math
from dataclasses import dataclass

import numpy as np

from classifiers.evaluation.thresholds import THRESHOLD, recall_threshold, youden_threshold
from ganbal.errors import InputError
from ganbal.runtime.classifier_errors import as_input_error

_RECALL = "recall="


@dataclass(frozen=True)
class Threshold:
    """The least probability at which class 1 is predicted, and its origin; None for more than two classes."""

    value: float | None
    origin: str


def choose_threshold(wanted: str | None, labels: np.ndarray, probabilities: np.ndarray) -> Threshold:
    """0.5, or as `wanted` requests: a number, `youden`, or `recall=0.95` of class 1, on validation predictions.

    Args:
        labels: (N,) int64; probabilities: (N, K), of the validation images.

    Raises:
        InputError: `wanted` is none of these, or the validation predictions do not allow it.
    """
    if (num_classes := probabilities.shape[1]) != 2:
        if wanted is not None:
            raise _wrong_threshold(
                f"--threshold is {wanted}, but of {num_classes} classes the most probable one is predicted."
            )
        return Threshold(None, "the most probable class")
    check_threshold(wanted)
    if wanted is None:
        return Threshold(THRESHOLD, "the default")
    if wanted == "youden":
        return _on_validation(labels, probabilities[:, 1], None)
    if wanted.startswith(_RECALL):
        return _on_validation(labels, probabilities[:, 1], float(wanted.removeprefix(_RECALL)))
    return Threshold(float(wanted), "as requested")


def check_threshold(wanted: str | None) -> None:
    """Check that `wanted` is a number from 0 to 1, `youden`, `recall=` with a number, or None.

    Raises:
        InputError: it is not.
    """
    if wanted is not None and wanted != "youden" and not 0 <= _number(wanted.removeprefix(_RECALL)) <= 1:
        raise _wrong_threshold(f"--threshold {wanted!r} is no threshold.")


def _on_validation(labels: np.ndarray, positive: np.ndarray, recall: float | None) -> Threshold:
    """Youden's threshold where `recall` is None."""
    with as_input_error():
        chosen = youden_threshold(labels, positive) if recall is None else recall_threshold(labels, positive, recall)
    rule = "Youden's J" if recall is None else f"a recall of {recall:g}"
    reached = f"recall {chosen.recall:.2f}, specificity {chosen.specificity:.2f} there"
    return Threshold(chosen.threshold, f"{rule} on {len(labels)} validation images: {reached}")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _wrong_threshold(found: str) -> InputError:
    return InputError(
        found=found,
        expected="A threshold is a number from 0 to 1, `youden` or `recall=0.95`, and needs two classes.",
        action="Correct --threshold, or leave it out.",
    )
