"""The metrics of a cell, from the predictions it left on disk: new metrics need no new training."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from classifiers.evaluation.metrics import evaluate
from classifiers.evaluation.thresholds import youden_threshold
from ganbal.study.cells import read_validation

METRICS = ("accuracy", "balanced_accuracy", "roc_auc", "pr_auc", "mcc", "brier", "ece")
LOWER_IS_BETTER = frozenset({"brier", "ece"})
_PER_CLASS = ("precision", "recall", "f1")
_OF_PREDICTED_CLASSES = ("accuracy", "balanced_accuracy", "mcc")


def compared_metrics(classes: Sequence[str]) -> list[str]:
    """The metrics in which arms are compared; those at the chosen threshold for two classes only."""
    recalls = [f"recall_{name}" for name in classes]
    chosen = [f"{name}_chosen" for name in (*_OF_PREDICTED_CLASSES, *recalls)] if len(classes) == 2 else []
    return [*METRICS, *recalls, *chosen]


def metric_width(metric: str, num_classes: int) -> float:
    """The largest possible difference between two values of the metric."""
    if metric.startswith("mcc") or (metric == "brier" and num_classes > 2):
        return 2.0
    return 1.0


def chosen_threshold(labels: np.ndarray, probabilities: np.ndarray) -> float | None:
    """Youden's threshold on validation predictions (N, K); None for K > 2 and where a class is missing."""
    if probabilities.shape[1] != 2 or len(np.unique(labels)) < 2:
        return None
    return youden_threshold(labels, probabilities[:, 1]).threshold


def read_chosen_threshold(folder: Path, classes: tuple[str, ...]) -> float | None:
    """The chosen threshold of a finished cell, from its validation predictions."""
    return chosen_threshold(*read_validation(folder, classes))


def cell_figures(
    labels: np.ndarray, probabilities: np.ndarray, classes: Sequence[str], threshold_chosen: float | None
) -> dict[str, float]:
    """A cell's metrics on the test images, in the order of results.csv; NaN where one is undefined.

    Args:
        labels: (N,) int64; probabilities: (N, K) in [0, 1].
        threshold_chosen: from `chosen_threshold`; for two classes the metrics that end in `_chosen` use it.
    """
    usual = evaluate(labels, probabilities, classes)
    figures = {name: math.nan if usual[name] is None else usual[name] for name in METRICS}
    for name in classes:
        figures |= {f"{measure}_{name}": usual["per_class"][name][measure] for measure in _PER_CLASS}
    if len(classes) > 2:
        return figures
    at = None if threshold_chosen is None else evaluate(labels, probabilities, classes, threshold_chosen)
    figures["threshold_chosen"] = math.nan if threshold_chosen is None else threshold_chosen
    figures |= {f"{name}_chosen": math.nan if at is None else at[name] for name in _OF_PREDICTED_CLASSES}
    recalls = {name: math.nan if at is None else at["per_class"][name]["recall"] for name in classes}
    return figures | {f"recall_{name}_chosen": value for name, value in recalls.items()}
