"""The Fréchet distance extrapolated to infinitely many images.

FID grows as sets shrink, approximately by a constant over N. Chong & Forsyth (2020, "Effectively Unbiased FID and
Inception Score and where to find them") measure it at several N and extrapolate the line to 1/N = 0. They shrink only
the synthetic side, because their real side has 50,000 images. Here both sides are small and biased, so both shrink by
the same factor, and both biases are linear in the inverse of that factor.

The relation is linear while the smallest subset has more images than relevant dimensions. With fewer images than
dimensions the extrapolated value is still too high, but less so than the distance itself.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

from ganbal.metrics.feature_score import FeatureScore, Interval
from ganbal.metrics.floor import CONFIDENCE, sample_rows
from ganbal.metrics.frechet import frechet_distance
from ganbal.metrics.score import ScoreKind

SMALLEST_FRACTION = 0.4
_MAX_IMAGES = 10_000
# One extrapolation computes ten distances; a few splits are enough for its floor.
_MAX_SPLITS = 3


@dataclass(frozen=True)
class Extrapolation:
    """The value of the line at 1/N = 0 and the points it was fitted to."""

    value: float
    low: float
    high: float
    """95 % interval of the intercept. It covers the scatter of the points, not a curvature of the relation."""
    fractions: np.ndarray
    """(points,) shares of the images used."""
    distances: np.ndarray
    """(points,) the distance at each share."""


def infinite_frechet_distance(
    real: np.ndarray,
    synthetic: np.ndarray,
    *,
    generator: np.random.Generator,
    num_points: int = 10,
    distance: Callable[[np.ndarray, np.ndarray], float] = frechet_distance,
) -> Extrapolation:
    """Measure at `num_points` sizes between 40 % and all of both sets, evenly spaced in 1/N, and extrapolate.

    Args:
        real: (N₁, dims).
        synthetic: (N₂, dims).
        generator: selects the subsets.
        num_points: at least 3.
        distance: the distance to extrapolate.
    """
    assert num_points >= 3, "a line with an interval needs three points"
    inverse = np.linspace(1, 1 / SMALLEST_FRACTION, num_points)
    distances = np.array(
        [distance(_subset(real, 1 / f, generator), _subset(synthetic, 1 / f, generator)) for f in inverse]
    )
    value, half_width = _intercept(inverse, distances)
    return Extrapolation(value, value - half_width, value + half_width, 1 / inverse, distances)


def _subset(features: np.ndarray, fraction: float, generator: np.random.Generator) -> np.ndarray:
    number = max(2, round(len(features) * fraction))
    return features[np.sort(generator.choice(len(features), number, replace=False))]


def _intercept(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """The least-squares line's value at 0, and half the width of its interval."""
    (_, intercept), covariance = np.polyfit(x, y, 1, cov=True)
    quantile = special.stdtrit(len(x) - 2, (1 + CONFIDENCE) / 2)
    return float(intercept), float(quantile * np.sqrt(covariance[1, 1]))


def _estimate(real: np.ndarray, synthetic: np.ndarray, generator: np.random.Generator) -> tuple[float, Interval]:
    real, synthetic = (sample_rows(side, min(len(side), _MAX_IMAGES), generator) for side in (real, synthetic))
    result = infinite_frechet_distance(real, synthetic, generator=generator)
    return result.value, (result.low, result.high)


FID_INFINITY = FeatureScore(
    # An extrapolated value can be below 0.
    ScoreKind("fid_infinity", "FID at infinite N", "lower", best=0.0),
    lambda real, other, generator: _estimate(real, other, generator)[0],
    estimate=_estimate,
    max_splits=_MAX_SPLITS,
    note="the interval is that of the fitted line",
)
