"""ROC, precision-recall and reliability curves from predicted probabilities: arrays in, arrays out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

GRID_POINTS = 101


@dataclass(frozen=True)
class Bins:
    """A reliability curve: mean predicted probability and observed share in each non-empty bin, with its count."""

    predicted: np.ndarray
    observed: np.ndarray
    counts: np.ndarray


def counts_by_threshold(is_positive: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """True and false positives when everything from each distinct score upwards is predicted positive.

    Args:
        is_positive: (N,) bool.
        scores: (N,) float, higher means more positive.

    Returns:
        Two (K + 1,) float arrays from the strictest threshold to the mildest; both start at 0.
    """
    order = np.argsort(-scores, kind="stable")
    hits = np.asarray(is_positive, dtype=bool)[order]
    last_of_ties = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    true = np.cumsum(hits)[last_of_ties]
    return np.append(0.0, true), np.append(0.0, last_of_ties + 1 - true)


def roc_on_grid(is_positive: np.ndarray, scores: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """True positive rate at each false positive rate of `grid`, between thresholds by straight lines.

    At a vertical step the upper end counts. Both classes must be present.
    """
    true, false = counts_by_threshold(is_positive, scores)
    rates = false / false[-1]
    heights = true / true[-1]
    before = np.searchsorted(rates, grid, side="right") - 1  # of points above one another, the highest
    after = np.minimum(before + 1, len(rates) - 1)
    width = rates[after] - rates[before]
    part = np.divide(grid - rates[before], width, out=np.zeros_like(width), where=width > 0)
    return heights[before] + part * (heights[after] - heights[before])


def precision_on_grid(is_positive: np.ndarray, scores: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Precision at the strictest threshold that reaches each recall of `grid`; not interpolated."""
    true, false = counts_by_threshold(is_positive, scores)
    true, false = true[1:], false[1:]
    first = np.searchsorted(true / true[-1], grid - 1e-12)
    return (true / (true + false))[np.minimum(first, len(true) - 1)]


def reliability(is_positive: np.ndarray, probabilities: np.ndarray, num_bins: int = 10) -> Bins:
    """Bins of equal width over [0, 1]; a probability of 1 falls into the last."""
    places = np.minimum((probabilities * num_bins).astype(int), num_bins - 1)
    counts = np.bincount(places, minlength=num_bins)
    filled = counts > 0
    predicted = np.bincount(places, weights=probabilities, minlength=num_bins)[filled] / counts[filled]
    observed = np.bincount(places, weights=np.asarray(is_positive, float), minlength=num_bins)[filled] / counts[filled]
    return Bins(predicted, observed, counts[filled])


def calibration_error(bins: Bins) -> float:
    """Expected calibration error: the mean distance between predicted and observed, weighted by count."""
    return float(np.average(np.abs(bins.predicted - bins.observed), weights=bins.counts))


def mean_and_range(curves: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, lowest and highest over curves on one grid."""
    stack = np.stack(list(curves))
    return stack.mean(axis=0), stack.min(axis=0), stack.max(axis=0)
