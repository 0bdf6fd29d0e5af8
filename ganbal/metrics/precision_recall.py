"""Improved precision and recall (Kynkäänniemi et al. 2019): realism and variety, apart from each other.

Balls around each real image, as wide as the distance to its k-th nearest real one, stand for "where real images are".
Precision is the share of synthetic images inside; recall the share of real images inside the balls of synthetic ones.
"""

from dataclasses import dataclass

import numpy as np

from ganbal.metrics.neighbours import ball_radii, count_balls_around


@dataclass(frozen=True)
class PrecisionRecall:
    """Both in [0, 1], higher is better."""

    precision: float
    recall: float


def precision_recall(real: np.ndarray, synthetic: np.ndarray, *, k: int = 5) -> PrecisionRecall:
    """From (N₁, dims) and (N₂, dims) features, with more than `k` images on each side.

    The paper takes k = 3; 5 is what the later measures of density and coverage use, and what they are compared at.
    """
    return PrecisionRecall(precision(real, synthetic, k=k), recall(real, synthetic, k=k))


def precision(real: np.ndarray, synthetic: np.ndarray, *, k: int = 5) -> float:
    """Share of synthetic images among the real ones."""
    return float((count_balls_around(synthetic, real, ball_radii(real, k)) > 0).mean())


def recall(real: np.ndarray, synthetic: np.ndarray, *, k: int = 5) -> float:
    """Share of real images among the synthetic ones: precision with the sides exchanged."""
    return precision(synthetic, real, k=k)
