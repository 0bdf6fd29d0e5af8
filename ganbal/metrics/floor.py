"""What a score would be if the generator were perfect: the same score between real images and other real images."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import stats

_CONFIDENCE = 0.95
# Beyond this N the floor moves less than it scatters, and a split would cost minutes.
MOST_IMAGES = 5000

Measure = Callable[[np.ndarray, np.ndarray, np.random.Generator], float]
"""Features of real and of other images, and randomness, to a number."""


@dataclass(frozen=True)
class Floor:
    """A score between real images, repeated over random splits."""

    value: float
    """Mean over the splits."""
    low: float
    high: float
    """Where 95 % of single splits fall, by Student's t."""
    n: int
    """Images on each side."""
    splits: int
    score_at_n: float
    """The score of the synthetic images, measured at the same n: this, not the score itself, compares with `value`."""
    note: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def halves_floor(
    measure: Measure, real: np.ndarray, synthetic: np.ndarray, *, splits: int, generator: np.random.Generator
) -> Floor:
    """Two disjoint halves of the real images against each other.

    Args:
        measure: the score.
        real: (N₁, dims) features, N₁ ≥ 4.
        synthetic: (N₂, dims) features.
        splits: how often, at least 2.
        generator: draws the halves.
    """
    n = min(len(real) // 2, len(synthetic), MOST_IMAGES)
    values, scores = [], []
    for _ in range(splits):
        order = generator.permutation(len(real))
        one, other = real[np.sort(order[:n])], real[np.sort(order[n : 2 * n])]
        values.append(measure(one, other, generator))
        scores.append(measure(one, draw_rows(synthetic, n, generator), generator))
    return floor_of(values, scores, n, "two disjoint halves of the real images")


def held_out_floor(
    measure: Measure,
    real: np.ndarray,
    held_out: np.ndarray,
    synthetic: np.ndarray,
    *,
    splits: int,
    generator: np.random.Generator,
) -> Floor:
    """Training images against held-out real ones, which differ as two sets of patients do.

    Arguments are those of `halves_floor`, with the held-out images' features besides.
    """
    # Not all of the smaller set: repeated draws of everything would not scatter.
    n = min(len(real), round(len(held_out) * 0.8), len(synthetic), MOST_IMAGES)
    values, scores = [], []
    for _ in range(splits):
        one = draw_rows(real, n, generator)
        values.append(measure(one, draw_rows(held_out, n, generator), generator))
        scores.append(measure(one, draw_rows(synthetic, n, generator), generator))
    return floor_of(values, scores, n, "training images against held-out real images")


def draw_rows(features: np.ndarray, number: int, generator: np.random.Generator) -> np.ndarray:
    """`number` different rows of (N, dims), in their order."""
    return features[np.sort(generator.permutation(len(features))[:number])]


def floor_of(values: Sequence[float], scores: Sequence[float], n: int, note: str) -> Floor:
    """Summarise repeated splits.

    Args:
        values: the score between real images, one a split, at least two.
        scores: the score of synthetic images at the same n, one a split.
        n: images on each side.
        note: what was split.
    """
    mean, spread = float(np.mean(values)), float(np.std(values, ddof=1))
    reach = float(stats.t.ppf((1 + _CONFIDENCE) / 2, len(values) - 1)) * spread
    return Floor(mean, mean - reach, mean + reach, n, len(values), float(np.mean(scores)), note)
