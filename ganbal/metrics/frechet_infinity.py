"""The Fréchet distance extrapolated to infinitely many images.

FID grows as sets shrink, roughly by a constant over N. Chong & Forsyth (2020, "Effectively Unbiased FID and Inception
Score and where to find them") measure it at several N and extend the line to 1/N = 0. They shrink the synthetic side
only, as their real side has 50,000 images; here both sides are small and biased, so both shrink by the same factor,
under which both biases are lines in one over that factor.

The lines are straight while the smallest subset has more images than dimensions that matter; with fewer images than
dimensions the extrapolated value is still too high, though less so than the distance itself.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from ganbal.metrics.frechet import frechet_distance

SMALLEST_FRACTION = 0.4
_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Extrapolation:
    """The line's value at 1/N = 0, and what it was drawn through."""

    value: float
    low: float
    high: float
    """95 % interval of the line's end; it covers the scatter of the points, not a bend of the curve."""
    fractions: np.ndarray
    """(points,) shares of the images used."""
    distances: np.ndarray
    """(points,) the distance at each."""


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
        generator: draws the subsets.
        num_points: at least 3.
        distance: what is measured.
    """
    assert num_points >= 3, "a line with an interval needs three points"
    inverse = np.linspace(1, 1 / SMALLEST_FRACTION, num_points)
    distances = np.array(
        [distance(_share(real, 1 / f, generator), _share(synthetic, 1 / f, generator)) for f in inverse]
    )
    value, half_width = _intercept(inverse, distances)
    return Extrapolation(value, value - half_width, value + half_width, 1 / inverse, distances)


def _share(features: np.ndarray, fraction: float, generator: np.random.Generator) -> np.ndarray:
    number = max(2, round(len(features) * fraction))
    return features[np.sort(generator.choice(len(features), number, replace=False))]


def _intercept(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    fit = stats.linregress(x, y)
    reach = stats.t.ppf((1 + _CONFIDENCE) / 2, len(x) - 2)
    return float(fit.intercept), float(reach * fit.intercept_stderr)
