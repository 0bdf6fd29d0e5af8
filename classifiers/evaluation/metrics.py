"""How well predicted probabilities fit labels. Pure: arrays in, numbers out."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from classifiers.evaluation.calibration import brier_score, expected_calibration_error
from classifiers.evaluation.thresholds import THRESHOLD


def predicted_classes(probabilities: np.ndarray, threshold: float = THRESHOLD) -> np.ndarray:
    """Turn probabilities into predicted classes.

    Args:
        probabilities: (N, K) in [0, 1].
        threshold: for two classes, the least probability of class 1 that predicts class 1. Not used for more classes.

    Returns:
        (N,) int64. For two classes: 1 where `probabilities[:, 1] >= threshold`, else 0. For more classes: the class
        with the highest probability, the first one of several.
    """
    if probabilities.shape[1] == 2:
        return (probabilities[:, 1] >= threshold).astype(np.int64)
    return probabilities.argmax(axis=1)


def evaluate(
    labels: np.ndarray, probabilities: np.ndarray, classes: Sequence[str], threshold: float = THRESHOLD
) -> dict[str, Any]:
    """Compute the usual measures of a classifier, ready for JSON.

    For two classes, class 1 is the positive class. For more classes, each area is the mean over classes, one versus
    rest.

    Args:
        labels: (N,) integers from 0 to K - 1.
        probabilities: (N, K) in [0, 1].
        classes: K names.
        threshold: see `predicted_classes`.

    Returns:
        accuracy; balanced_accuracy (mean recall of the classes that occur); roc_auc and pr_auc (average precision),
        None where only one class occurs; mcc (Matthews correlation coefficient, 0 where all labels or all predictions
        are equal); brier and ece (see `evaluation.calibration`, lower is better); confusion_matrix (K lists of K
        counts, rows are true classes, columns predicted classes: [[TN, FP], [FN, TP]] for two); per_class {name:
        precision, recall, f1, support}, 0 where the denominator is 0; threshold (None for more than two classes).

    Raises:
        ValueError: no images, shapes or labels do not match, or probabilities lie outside [0, 1].
    """
    from sklearn.metrics import matthews_corrcoef  # not above: it takes a second

    _check(labels, probabilities, len(classes))
    predicted = predicted_classes(probabilities, threshold)
    matrix = confusion_matrix(labels, predicted, len(classes))
    per_class = {name: _class_measures(matrix, label) for label, name in enumerate(classes)}
    occurring = [name for name in classes if per_class[name]["support"] > 0]
    roc_auc, pr_auc = _areas(labels, probabilities)
    return {
        "accuracy": float(np.trace(matrix) / matrix.sum()),
        "balanced_accuracy": float(np.mean([per_class[name]["recall"] for name in occurring])),
        "roc_auc": roc_auc,
        "pr_auc": pr_auc,
        "mcc": float(matthews_corrcoef(labels, predicted)),
        "brier": brier_score(labels, probabilities),
        "ece": expected_calibration_error(labels, probabilities),
        "confusion_matrix": matrix.tolist(),
        "per_class": per_class,
        "threshold": threshold if len(classes) == 2 else None,
    }


def confusion_matrix(labels: np.ndarray, predicted: np.ndarray, num_classes: int) -> np.ndarray:
    """Count images by true class (row) and predicted class (column): (K, K) int64."""
    pairs = labels * num_classes + predicted
    return np.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes)


def _class_measures(matrix: np.ndarray, label: int) -> dict[str, float]:
    hits, support, predicted = matrix[label, label], matrix[label].sum(), matrix[:, label].sum()
    return {
        "precision": float(hits / predicted) if predicted else 0.0,
        "recall": float(hits / support) if support else 0.0,
        "f1": float(2 * hits / (support + predicted)) if support + predicted else 0.0,
        "support": int(support),
    }


def _areas(labels: np.ndarray, probabilities: np.ndarray) -> tuple[float | None, float | None]:
    """ROC-AUC and PR-AUC: of class 1 for two classes, else the mean over the classes that occur."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    occurring = np.unique(labels)
    if len(occurring) < 2:
        return None, None
    positives = occurring if probabilities.shape[1] > 2 else [1]
    truths = [labels == positive for positive in positives]
    scores = [probabilities[:, positive] for positive in positives]
    roc = [roc_auc_score(truth, score) for truth, score in zip(truths, scores, strict=True)]
    precision = [average_precision_score(truth, score) for truth, score in zip(truths, scores, strict=True)]
    return float(np.mean(roc)), float(np.mean(precision))


def _check(labels: np.ndarray, probabilities: np.ndarray, num_classes: int) -> None:
    if num_classes < 2 or len(labels) == 0 or probabilities.shape != (len(labels), num_classes):
        raise ValueError(
            f"expected probabilities (N, K) of N ≥ 1 images and K ≥ 2 classes, found {probabilities.shape} for "
            f"{len(labels)} labels and {num_classes} classes"
        )
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError(f"expected labels from 0 to {num_classes - 1}, found {labels.min()} to {labels.max()}")
    # Written so that NaN fails as well.
    if not ((probabilities >= 0) & (probabilities <= 1)).all():
        raise ValueError("expected probabilities from 0 to 1, found others")
