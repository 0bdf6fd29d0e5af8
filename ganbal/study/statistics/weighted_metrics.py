"""Metrics of test predictions in many bootstrap samples at once.

`weights` is always (B, N) float64: how often each of the N test images counts in each of B samples. With weights of one
the metrics are those of `classifiers.evaluation.metrics`. They are NaN where undefined (a class is missing).
"""

from collections.abc import Sequence

import numpy as np

from classifiers.evaluation.calibration import NUM_BINS, calibration_gaps, squared_distances
from classifiers.evaluation.metrics import predicted_classes
from classifiers.evaluation.thresholds import THRESHOLD


def weighted_metrics(
    labels: np.ndarray,
    probabilities: np.ndarray,
    weights: np.ndarray,
    classes: Sequence[str],
    threshold_chosen: float | None = None,
) -> dict[str, np.ndarray]:
    """accuracy, balanced_accuracy, roc_auc, pr_auc, mcc, brier, ece and recall_<class>, each (B,) float64.

    With two classes also accuracy_chosen, balanced_accuracy_chosen, mcc_chosen and recall_<class>_chosen, for which
    class 1 is predicted from `threshold_chosen` on instead of 0.5; NaN if that is None.

    Args:
        labels: (N,) int64; probabilities: (N, K) float, K = number of classes. With two classes the areas are those of
            class 1, otherwise the mean over classes, each against the rest.
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
    predicted = predicted_classes(probabilities, THRESHOLD)
    found = areas | fit | _of_predicted_classes(labels, predicted, weights, classes)
    if num_classes > 2:
        return found
    if threshold_chosen is None:
        names = _of_predicted_classes(labels, predicted, weights[:1], classes)
        of_chosen = {name: np.full(len(weights), np.nan) for name in names}
    else:
        chosen = predicted_classes(probabilities, threshold_chosen)
        of_chosen = _of_predicted_classes(labels, chosen, weights, classes)
    return found | {f"{name}_chosen": values for name, values in of_chosen.items()}


def _of_predicted_classes(
    labels: np.ndarray, predicted: np.ndarray, weights: np.ndarray, classes: Sequence[str]
) -> dict[str, np.ndarray]:
    """Metrics that depend on the predicted classes alone."""
    num_classes = len(classes)
    pairs = np.eye(num_classes**2)[labels * num_classes + predicted]  # (N, K²)
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
    """Matthews' correlation coefficient, for K classes Gorodkin's (2004), from (B, K, K) confusion matrices: (B,).

    0 by convention where all predictions are of one class; NaN where all images are of one class.
    """
    true, predicted, total = matrix.sum(axis=2), matrix.sum(axis=1), matrix.sum(axis=(1, 2))
    covariance = np.trace(matrix, axis1=1, axis2=2) * total - (true * predicted).sum(axis=1)
    of_true, of_predicted = (total**2 - (counts**2).sum(axis=1) for counts in (true, predicted))
    spread = np.sqrt(of_true * of_predicted)
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
    """Weighted share of correctly ordered (positive, negative) pairs, ties count half: (B,)."""
    above = scores[positive][:, None] - scores[~positive][None, :]  # (P, M)
    order = (above > 0) + 0.5 * (above == 0)
    of_positives, of_negatives = weights[:, positive], weights[:, ~positive]
    with np.errstate(invalid="ignore", divide="ignore"):
        pairs = of_positives.sum(axis=1) * of_negatives.sum(axis=1)
        return np.einsum("bp,bp->b", of_positives, of_negatives @ order.T) / pairs


def weighted_pr_auc(positive: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Average precision, Σ (recall step) · precision from the highest score down, with ties grouped: (B,)."""
    order = np.argsort(-scores, kind="stable")
    last_of_ties = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    true = np.cumsum(weights[:, order] * positive[order], axis=1)[:, last_of_ties]
    predicted = np.cumsum(weights[:, order], axis=1)[:, last_of_ties]
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(predicted > 0, true / predicted, 0.0)
        recall_steps = np.diff(true, axis=1, prepend=0.0) / true[:, -1:]
    return (recall_steps * precision).sum(axis=1)
