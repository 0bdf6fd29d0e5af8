"""Density and coverage (Naeem et al. 2020, "Reliable Fidelity and Diversity Metrics for Generative Models").

Precision and recall let one outlier vouch for many images, as its ball is huge. Density counts how many real balls
each synthetic image lies in; coverage is the share of real images whose ball holds a synthetic one.
"""

from dataclasses import dataclass

import numpy as np

from ganbal.metrics.neighbours import ball_radii, count_balls_around, nearest


@dataclass(frozen=True)
class DensityCoverage:
    """Higher is better."""

    density: float
    """Around 1 for a sample of the same distribution; can exceed 1."""
    coverage: float
    """In [0, 1]."""


def density_coverage(real: np.ndarray, synthetic: np.ndarray, *, k: int = 5) -> DensityCoverage:
    """From (N₁, dims) and (N₂, dims) features, with more than `k` real images."""
    return DensityCoverage(density(real, synthetic, k=k), coverage(real, synthetic, k=k))


def density(real: np.ndarray, synthetic: np.ndarray, *, k: int = 5) -> float:
    """Real balls that a synthetic image lies in, on average, as a share of k."""
    return float(count_balls_around(synthetic, real, ball_radii(real, k)).mean() / k)


def coverage(real: np.ndarray, synthetic: np.ndarray, *, k: int = 5) -> float:
    """Share of real images nearer to a synthetic image than to their k-th nearest real one."""
    return float((nearest(real, synthetic, 1).distances[:, 0] < ball_radii(real, k)).mean())
