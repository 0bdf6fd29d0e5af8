"""Whether probabilities mean what they say, and one number that corrects them. Pure: arrays in, numbers out.

For two classes the probability of class 1 is held against how often class 1 occurs; for more, the probability of the
most probable class against how often that is the right one (Guo et al. 2017).
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
    """A reliability curve: one entry for every bin that has images, from low probabilities to high ones."""

    predicted: np.ndarray
    """(B,) mean probability of the bin's images."""
    observed: np.ndarray
    """(B,) share of them in which it came true."""
    counts: np.ndarray
    """(B,) how many there are."""


def fit_temperature(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """The temperature T with the least log-loss of softmax(log p / T) on validation images (Guo et al. 2017).

    Above 1 the classifier was too sure of itself, below 1 not sure enough. It lies from 0.05 to 20: where every image
    is right, log-loss alone would ask for 0.

    Args:
        labels: (N,) whole numbers from 0 to K - 1.
        probabilities: (N, K) in [0, 1], rows that add up to 1.

    Raises:
        ClassifierInputError: these are no such labels and probabilities.
    """
    _check(labels, probabilities)

    def loss(log_temperature: float) -> float:
        return log_loss(labels, apply_temperature(probabilities, float(np.exp(log_temperature))))

    bounds = (float(np.log(COLDEST)), float(np.log(HOTTEST)))
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-6})
    return float(np.exp(found.x))


def apply_temperature(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """softmax(log p / T): (N, K) to (N, K) float64. The order of the classes of an image stays as it is.

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
    """Mean squared distance between probabilities and truth (Brier 1950), 0 the best.

    For two classes (p1 - label)², from 0 to 1; for more the sum of squares over the classes, from 0 to 2.
    """
    return float(squared_distances(labels, probabilities).mean())


def squared_distances(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """(N,) float64: every image's part in the Brier score, which is their mean."""
    _check(labels, probabilities)
    given = np.asarray(probabilities, dtype=np.float64)
    if given.shape[1] == 2:
        return (given[:, 1] - labels) ** 2
    return ((given - np.eye(given.shape[1])[labels]) ** 2).sum(axis=1)


def reliability_curve(labels: np.ndarray, probabilities: np.ndarray, num_bins: int = NUM_BINS) -> Reliability:
    """Predicted probability against observed share in `num_bins` bins of equal width over [0, 1].

    A probability on the edge between two bins belongs to the upper one, 1 to the last. Empty bins are left out.

    Args:
        labels: (N,) whole numbers from 0 to K - 1.
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
    """Mean of |predicted - observed| over the bins of `reliability_curve`, weighted by their images; 0 the best."""
    curve = reliability_curve(labels, probabilities, num_bins)
    return float(np.average(np.abs(curve.predicted - curve.observed), weights=curve.counts))


def calibration_gaps(
    labels: np.ndarray, probabilities: np.ndarray, num_bins: int = NUM_BINS
) -> tuple[np.ndarray, np.ndarray]:
    """Every image's bin in `reliability_curve`, (N,) int64, and its claimed probability less what came true, (N,).

    The expected calibration error is the sum over the bins of |sum of the gaps|, divided by N.
    """
    claimed, came_true = _claims(labels, probabilities)
    return _bins(claimed, num_bins), claimed - came_true


def _claims(labels: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N,) probability of what is claimed of each image, and (N,) bool whether that came true."""
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
            expected="labels (N,) and probabilities (N, K) of at least one image and two classes",
            found=f"shapes {labels.shape} and {probabilities.shape}",
            action="Give a row of probabilities for every label.",
        )
    # Written so that NaN fails as well.
    if not ((probabilities >= 0) & (probabilities <= 1)).all():
        raise ClassifierInputError(
            expected="probabilities from 0 to 1", found="others", action="Give probabilities, not logits."
        )
    if labels.min() < 0 or labels.max() >= probabilities.shape[1]:
        raise ClassifierInputError(
            expected=f"labels from 0 to {probabilities.shape[1] - 1}",
            found=f"{labels.min()} to {labels.max()}",
            action="Give a column of probabilities for every class.",
        )
