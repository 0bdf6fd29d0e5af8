"""A cell's figures from the predictions that it left on disk, so that new figures need no new training."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from classifiers.evaluation.metrics import evaluate
from classifiers.evaluation.thresholds import youden_threshold
from ganbal.study.cell_extras import VALIDATION_FILE

METRICS = ("accuracy", "balanced_accuracy", "roc_auc", "pr_auc", "mcc", "brier", "ece")
LOWER_IS_BETTER = frozenset({"brier", "ece"})
_PER_CLASS = ("precision", "recall", "f1")
_OF_CALLS = ("accuracy", "balanced_accuracy", "mcc")


def compared_metrics(classes: Sequence[str]) -> list[str]:
    """The metrics in which arms are compared; those at the chosen threshold for two classes only."""
    recalls = [f"recall_{name}" for name in classes]
    chosen = [f"{name}_chosen" for name in (*_OF_CALLS, *recalls)] if len(classes) == 2 else []
    return [*METRICS, *recalls, *chosen]


def metric_width(metric: str, num_classes: int) -> float:
    """The largest possible difference of two values of the metric."""
    if metric.startswith("mcc") or (metric == "brier" and num_classes > 2):
        return 2.0
    return 1.0


def chosen_threshold(labels: np.ndarray, probabilities: np.ndarray) -> float | None:
    """Youden's threshold on validation predictions (N, K); None for K > 2 and where a class is missing."""
    if probabilities.shape[1] != 2 or len(np.unique(labels)) < 2:
        return None
    return youden_threshold(labels, probabilities[:, 1]).threshold


def read_chosen_threshold(folder: Path, classes: Sequence[str]) -> float | None:
    """That of a finished cell; None also where the cell is of a time when no validation predictions were kept."""
    file = folder / VALIDATION_FILE
    if not file.is_file():
        return None
    table = pd.read_csv(file, dtype={"label": str})
    labels = table["label"].map({name: label for label, name in enumerate(classes)}).to_numpy(dtype=np.int64)
    return chosen_threshold(labels, table[[f"probability_{name}" for name in classes]].to_numpy(dtype=np.float64))


def cell_figures(
    labels: np.ndarray, probabilities: np.ndarray, classes: Sequence[str], threshold_chosen: float | None
) -> dict[str, float]:
    """A cell's metrics on the test images, in the order of results.csv; NaN where one does not exist.

    Args:
        labels: (N,) int64; probabilities: (N, K) in [0, 1].
        threshold_chosen: from `chosen_threshold`; for two classes what is called changes with it, and has figures of
            its own that end in `_chosen`.
    """
    usual = evaluate(labels, probabilities, classes)
    figures = {name: math.nan if usual[name] is None else usual[name] for name in METRICS}
    for name in classes:
        figures |= {f"{measure}_{name}": usual["per_class"][name][measure] for measure in _PER_CLASS}
    if len(classes) > 2:
        return figures
    at = None if threshold_chosen is None else evaluate(labels, probabilities, classes, threshold_chosen)
    figures["threshold_chosen"] = math.nan if threshold_chosen is None else threshold_chosen
    figures |= {f"{name}_chosen": math.nan if at is None else at[name] for name in _OF_CALLS}
    recalls = {name: math.nan if at is None else at["per_class"][name]["recall"] for name in classes}
    return figures | {f"recall_{name}_chosen": value for name, value in recalls.items()}
