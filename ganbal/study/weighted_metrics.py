"""Metrics of test predictions under many weightings of the test images at once, as a bootstrap needs them.

`weights` is always (B, N) float64: how often each of the N test images counts in each of B draws. With weights of one
they are scikit-learn's figures. A draw in which a metric does not exist (a class is missing) gives NaN.
"""

from collections.abc import Sequence

import numpy as np


def weighted_metrics(
    labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray, classes: Sequence[str]
) -> dict[str, np.ndarray]:
    """accuracy, balanced_accuracy, roc_auc, pr_auc and recall_<class>, each (B,) float64.

    Args:
        labels: (N,) int64; probabilities: (N, K) float, K = number of classes. With two classes the areas are those of
            class 1, else the mean of one class against the rest.
    """
    correct = labels == probabilities.argmax(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        recalls = [(weights @ (correct & (labels == k))) / (weights @ (labels == k)) for k in range(len(classes))]
        accuracy = (weights @ correct) / weights.sum(axis=1)
    positives = [1] if len(classes) == 2 else range(len(classes))
    return {
        "accuracy": accuracy,
        "balanced_accuracy": np.mean(recalls, axis=0),
        "roc_auc": np.mean([weighted_roc_auc(labels == k, probabilities[:, k], weights) for k in positives], axis=0),
        "pr_auc": np.mean([weighted_pr_auc(labels == k, probabilities[:, k], weights) for k in positives], axis=0),
    } | {f"recall_{name}": recall for name, recall in zip(classes, recalls, strict=True)}


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
