"""Metrics of test predictions under many weightings of the test images at once, as a bootstrap needs them.

`weights` is always (B, N) float64: how often each of the N test images counts in each of B draws. With weights of one
they are those of `classifiers.evaluation.metrics`. A draw in which a metric does not exist (a class is missing) is NaN.
"""

from collections.abc import Sequence

import numpy as np

from classifiers.evaluation.calibration import NUM_BINS, calibration_gaps, squared_distances
from classifiers.evaluation.metrics import THRESHOLD, predicted_classes


def weighted_metrics(
    labels: np.ndarray,
    probabilities: np.ndarray,
    weights: np.ndarray,
    classes: Sequence[str],
    threshold_chosen: float | None = None,
) -> dict[str, np.ndarray]:
    """accuracy, balanced_accuracy, roc_auc, pr_auc, mcc, brier, ece and recall_<class>, each (B,) float64.

    With two classes also accuracy_chosen, balanced_accuracy_chosen, mcc_chosen and recall_<class>_chosen: what they
    become when class 1 is called from `threshold_chosen` on instead of 0.5; NaN where that is None.

    Args:
        labels: (N,) int64; probabilities: (N, K) float, K = number of classes. With two classes the areas are those of
            class 1, else the mean of one class against the rest.
    """
    num_classes, total = len(classes), weights.sum(axis=1)
    positives = [1] if num_classes == 2 else range(num_classes)
    areas = {
        "roc_auc": np.mean([weighted_roc_auc(labels == k, probabilities[:, k], weights) for k in positives], axis=0),
        "pr_auc": np.mean([weighted_pr_auc(labels == k, probabilities[:, k], weights) for k in positives], axis=0),
    }
    fit = {
        "brier": weights @ squared_distances(labels, probabilities) / total,
        "ece": weighted_calibration_error(labels, probabilities, weights),
    }
    called = predicted_classes(probabilities, THRESHOLD)
    found = areas | fit | _of_calls(labels, called, weights, classes)
    if num_classes > 2:
        return found
    if threshold_chosen is None:
        of_chosen = {name: np.full(len(weights), np.nan) for name in _of_calls(labels, called, weights[:1], classes)}
    else:
        of_chosen = _of_calls(labels, predicted_classes(probabilities, threshold_chosen), weights, classes)
    return found | {f"{name}_chosen": values for name, values in of_chosen.items()}


def _of_calls(
    labels: np.ndarray, called: np.ndarray, weights: np.ndarray, classes: Sequence[str]
) -> dict[str, np.ndarray]:
    """What depends on the called classes alone."""
    num_classes = len(classes)
    pairs = np.eye(num_classes**2)[labels * num_classes + called]  # (N, K²)
    matrix = (weights @ pairs).reshape(-1, num_classes, num_classes)
    hits = np.diagonal(matrix, axis1=1, axis2=2)
    with np.errstate(invalid="ignore", divide="ignore"):
        recalls = hits / matrix.sum(axis=2)
    return {
        "accuracy": hits.sum(axis=1) / matrix.sum(axis=(1, 2)),
        "balanced_accuracy": recalls.mean(axis=1),
        "mcc": correlation_coefficient(matrix),
    } | {f"recall_{name}": recalls[:, label] for label, name in enumerate(classes)}


def correlation_coefficient(matrix: np.ndarray) -> np.ndarray:
    """Matthews' correlation coefficient, for K classes that of Gorodkin (2004), from (B, K, K) tables: (B,).

    Where all images are called the same it is 0 by convention; where all are of one class it does not exist: NaN.
    """
    true, called, total = matrix.sum(axis=2), matrix.sum(axis=1), matrix.sum(axis=(1, 2))
    covariance = np.trace(matrix, axis1=1, axis2=2) * total - (true * called).sum(axis=1)
    of_true, of_called = (total**2 - (counts**2).sum(axis=1) for counts in (true, called))
    spread = np.sqrt(of_true * of_called)
    found = np.divide(covariance, spread, out=np.zeros_like(spread), where=spread > 0)
    return np.where(of_true > 0, found, np.nan)


def weighted_calibration_error(
    labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray, num_bins: int = NUM_BINS
) -> np.ndarray:
    """Expected calibration error, with the bins of `classifiers.evaluation.calibration.reliability_curve`: (B,)."""
    places, gaps = calibration_gaps(labels, probabilities, num_bins)
    of_bins = weights @ (np.eye(num_bins)[places] * gaps[:, None])  # (B, bins)
    return np.abs(of_bins).sum(axis=1) / weights.sum(axis=1)


def weighted_roc_auc(positive: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted share of (positive, negative) pairs in the right order, ties counting half: (B,)."""
    above = scores[positive][:, None] - scores[~positive][None, :]  # (P, M)
    order = (above > 0) + 0.5 * (above == 0)
    of_positives, of_negatives = weights[:, positive], weights[:, ~positive]
    with np.errstate(invalid="ignore", divide="ignore"):
        pairs = of_positives.sum(axis=1) * of_negatives.sum(axis=1)
        return np.einsum("bp,bp->b", of_positives, of_negatives @ order.T) / pairs


def weighted_pr_auc(positive: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Average precision, Σ (recall step) · precision from the highest score down, equal scores taken together: (B,)."""
    order = np.argsort(-scores, kind="stable")
    last_of_ties = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    true = np.cumsum(weights[:, order] * positive[order], axis=1)[:, last_of_ties]
    called = np.cumsum(weights[:, order], axis=1)[:, last_of_ties]
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(called > 0, true / called, 0.0)
        recall_steps = np.diff(true, axis=1, prepend=0.0) / true[:, -1:]
    return (recall_steps * precision).sum(axis=1)
