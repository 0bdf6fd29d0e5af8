"""Calibration of probabilities: Brier score, reliability and temperature scaling. Pure: arrays in, numbers out.

For two classes, the probability of class 1 is compared with the frequency of class 1; for more, the probability of the
most probable class with the frequency at which that class is correct (Guo et al. 2017).
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from classifiers.errors import ClassifierInputError

NUM_BINS = 10
COLDEST, HOTTEST = 0.05, 20.0
# Smaller probabilities count as this one: otherwise one wrong image with probability 0 would make the loss infinite.
_LEAST_PROBABILITY = 1e-12


@dataclass(frozen=True)
class Reliability:
    """A reliability curve: one entry per bin that has images, in the order of the bins."""

    predicted: np.ndarray
    """(B,) mean probability of the bin's images."""
    observed: np.ndarray
    """(B,) share of them in which it came true."""
    counts: np.ndarray
    """(B,) how many there are."""


def fit_temperature(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """The temperature T that minimizes the log-loss of softmax(log p / T) on validation images (Guo et al. 2017).

    Above 1 the classifier was overconfident, below 1 underconfident. The range is 0.05 to 20: where every image
    is classified correctly, the log-loss alone would give 0.

    Args:
        labels: (N,) integers from 0 to K - 1.
        probabilities: (N, K) in [0, 1], rows that add up to 1.

    Raises:
        ClassifierInputError: labels or probabilities do not fit this description.
    """
    _check(labels, probabilities)

    def loss(log_temperature: float) -> float:
        return log_loss(labels, apply_temperature(probabilities, float(np.exp(log_temperature))))

    bounds = (float(np.log(COLDEST)), float(np.log(HOTTEST)))
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-6})
    return float(np.exp(found.x))


def apply_temperature(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """softmax(log p / T): (N, K) to (N, K) float64. The ranking of the classes of an image is unchanged.

    For a network of one logit this is the sigmoid of logit / T.
    """
    assert temperature > 0
    scaled = np.log(np.clip(np.asarray(probabilities, dtype=np.float64), _LEAST_PROBABILITY, None)) / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def log_loss(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean of -log(probability of the true class), natural logarithm; probabilities below 1e-12 count as that."""
    _check(labels, probabilities)
    of_truth = np.asarray(probabilities, dtype=np.float64)[np.arange(len(labels)), labels]
    return float(-np.log(np.clip(of_truth, _LEAST_PROBABILITY, None)).mean())


def brier_score(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean squared difference between probabilities and labels (Brier 1950); 0 is best.

    For two classes (p1 - label)², from 0 to 1; for more the sum of squares over the classes, from 0 to 2.
    """
    return float(squared_distances(labels, probabilities).mean())


def squared_distances(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """(N,) float64: the Brier score of each image; the Brier score is their mean."""
    _check(labels, probabilities)
    given = np.asarray(probabilities, dtype=np.float64)
    if given.shape[1] == 2:
        return (given[:, 1] - labels) ** 2
    return ((given - np.eye(given.shape[1])[labels]) ** 2).sum(axis=1)


def reliability_curve(labels: np.ndarray, probabilities: np.ndarray, num_bins: int = NUM_BINS) -> Reliability:
    """Predicted probability and observed frequency in `num_bins` bins of equal width over [0, 1].

    A probability on the edge between two bins belongs to the upper one, 1 to the last. Empty bins are left out.

    Args:
        labels: (N,) integers from 0 to K - 1.
        probabilities: (N, K) in [0, 1].
    """
    claimed, came_true = _claims(labels, probabilities)
    places = _bins(claimed, num_bins)
    counts = np.bincount(places, minlength=num_bins)
    filled = counts > 0
    predicted, observed = (
        np.bincount(places, weights=values, minlength=num_bins)[filled] / counts[filled]
        for values in (claimed, came_true)
    )
    return Reliability(predicted, observed, counts[filled])


def expected_calibration_error(labels: np.ndarray, probabilities: np.ndarray, num_bins: int = NUM_BINS) -> float:
    """Mean of |predicted - observed| over the bins of `reliability_curve`, weighted by image count; 0 is best."""
    curve = reliability_curve(labels, probabilities, num_bins)
    return float(np.average(np.abs(curve.predicted - curve.observed), weights=curve.counts))


def calibration_gaps(
    labels: np.ndarray, probabilities: np.ndarray, num_bins: int = NUM_BINS
) -> tuple[np.ndarray, np.ndarray]:
    """The bin of each image in `reliability_curve`, (N,) int64, and its probability minus its outcome, (N,).

    The expected calibration error is the sum over the bins of |sum of the gaps|, divided by N.
    """
    claimed, came_true = _claims(labels, probabilities)
    return _bins(claimed, num_bins), claimed - came_true


def _claims(labels: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N,) probability of the predicted event of each image, and (N,) bool whether it occurred."""
    _check(labels, probabilities)
    given = np.asarray(probabilities, dtype=np.float64)
    if given.shape[1] == 2:
        return given[:, 1], labels == 1
    return given.max(axis=1), labels == given.argmax(axis=1)


def _bins(claimed: np.ndarray, num_bins: int) -> np.ndarray:
    return np.minimum((claimed * num_bins).astype(np.int64), num_bins - 1)


def _check(labels: np.ndarray, probabilities: np.ndarray) -> None:
    if (
        probabilities.ndim != 2
        or probabilities.shape[1] < 2
        or labels.shape != probabilities.shape[:1]
        or not len(labels)
    ):
        raise ClassifierInputError(
            found=f"The labels have the shape {labels.shape}, the probabilities {probabilities.shape}.",
            expected="Calibration needs labels (N,) and probabilities (N, K) of at least one image and two classes.",
            action="Give a row of probabilities for every label.",
        )
    # Written so that NaN fails as well.
    if not ((probabilities >= 0) & (probabilities <= 1)).all():
        raise ClassifierInputError(
            found="Some probabilities are not numbers from 0 to 1.",
            expected="Calibration needs probabilities, not logits.",
            action="Apply a softmax first.",
        )
    if labels.min() < 0 or labels.max() >= probabilities.shape[1]:
        raise ClassifierInputError(
            found=f"The labels reach from {labels.min()} to {labels.max()}.",
            expected=f"With {probabilities.shape[1]} columns of probabilities, they must be from 0 to "
            f"{probabilities.shape[1] - 1}.",
            action="Give a column of probabilities for every class.",
        )
