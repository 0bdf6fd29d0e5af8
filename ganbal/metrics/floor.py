"""The floor of a score: its value between real images and other real images, where a perfect generator would be."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from scipy import special

CONFIDENCE = 0.95
"""Of the intervals of all scores and floors."""
NORMAL_QUANTILE = float(special.ndtri((1 + CONFIDENCE) / 2))
"""1.96: half the width of an interval in standard errors."""
# Above this N the floor changes less than it varies between splits, and one split takes minutes.
MAX_IMAGES = 5000

Measure = Callable[[np.ndarray, np.ndarray, np.random.Generator], float]
"""(real features (N, dims), other features (M, dims), random generator) to a score."""


@dataclass(frozen=True)
class Floor:
    """A score between real images, repeated over random splits."""

    value: float
    """Mean over the splits."""
    low: float
    high: float
    """Range that contains 95 % of other single splits, by Student's t, within the score's range."""
    n: int
    """Images per side."""
    splits: int
    score_at_n: float
    """Mean score of the synthetic images at the same n. Compare this with `value`, not the score at full N."""
    note: str

    def clipped(self, clip: Callable[[float], float]) -> "Floor":
        """The same floor with all values inside the score's range."""
        return replace(
            self,
            value=clip(self.value),
            low=clip(self.low),
            high=clip(self.high),
            score_at_n=clip(self.score_at_n),
        )

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def halves_floor(
    measure: Measure, real: np.ndarray, synthetic: np.ndarray, *, splits: int, generator: np.random.Generator
) -> Floor:
    """Score two disjoint halves of the real images against each other.

    Args:
        measure: the score.
        real: (N₁, dims) features, N₁ ≥ 4.
        synthetic: (N₂, dims) features.
        splits: number of repetitions, at least 2.
        generator: selects the halves.
    """
    n = min(len(real) // 2, len(synthetic), MAX_IMAGES)
    values, scores = [], []
    for _ in range(splits):
        order = generator.permutation(len(real))
        one, other = real[np.sort(order[:n])], real[np.sort(order[n : 2 * n])]
        values.append(measure(one, other, generator))
        scores.append(measure(one, sample_rows(synthetic, n, generator), generator))
    return summarize_splits(values, scores, n, "two disjoint halves of the real images")


def held_out_floor(
    measure: Measure,
    real: np.ndarray,
    held_out: np.ndarray,
    synthetic: np.ndarray,
    *,
    splits: int,
    generator: np.random.Generator,
) -> Floor:
    """Score training images against held-out real images, which differ as two sets of patients differ.

    Args:
        held_out: (N₃, dims) features of real images that the generator was not trained on.
        measure, real, synthetic, splits, generator: as in `halves_floor`.
    """
    # 80 % of the smaller set: subsets of the whole set would all be equal.
    n = min(len(real), round(len(held_out) * 0.8), len(synthetic), MAX_IMAGES)
    values, scores = [], []
    for _ in range(splits):
        one = sample_rows(real, n, generator)
        values.append(measure(one, sample_rows(held_out, n, generator), generator))
        scores.append(measure(one, sample_rows(synthetic, n, generator), generator))
    return summarize_splits(values, scores, n, "training images against held-out real images")


def sample_rows(features: np.ndarray, number: int, generator: np.random.Generator) -> np.ndarray:
    """`number` different rows of (N, dims), in ascending order."""
    return features[np.sort(generator.permutation(len(features))[:number])]


def summarize_splits(values: Sequence[float], scores: Sequence[float], n: int, note: str) -> Floor:
    """Mean and range over repeated splits.

    Args:
        values: the score between real images, one per split, at least two.
        scores: the score of synthetic images at the same n, one per split.
        n: images per side.
        note: which images were split.
    """
    mean, deviation = float(np.mean(values)), float(np.std(values, ddof=1))
    # Of another split, not of the mean: its own deviation and the mean's.
    spread = deviation * math.sqrt(1 + 1 / len(values))
    half_width = float(special.stdtrit(len(values) - 1, (1 + CONFIDENCE) / 2)) * spread
    return Floor(mean, mean - half_width, mean + half_width, n, len(values), float(np.mean(scores)), note)
