"""Density and coverage (Naeem et al. 2020, "Reliable Fidelity and Diversity Metrics for Generative Models").

In precision and recall, one outlier covers many images, because its ball is large. Density counts the real balls that
contain each synthetic image; coverage is the share of real images whose ball contains a synthetic image.
"""

import numpy as np
import torch

from ganbal.metrics.feature_score import FeatureScore, ScoreOptions
from ganbal.metrics.neighbors import ball_radii, count_balls_around, nearest
from ganbal.metrics.score import ScoreKind


def density(real: np.ndarray, synthetic: np.ndarray, *, k: int = 5, device: torch.device | None = None) -> float:
    """Mean number of real balls around a synthetic image, divided by k: about 1 for equal distributions, unbounded.

    Args:
        real: (N₁, dims) features, N₁ > k.
        synthetic: (N₂, dims) features.
        k: neighbor that sets the radii.
        device: CUDA device for the distances.
    """
    return float(count_balls_around(synthetic, real, ball_radii(real, k, device), device).mean() / k)


def coverage(real: np.ndarray, synthetic: np.ndarray, *, k: int = 5, device: torch.device | None = None) -> float:
    """Share of real images closer to a synthetic image than to their k-th nearest real one, in [0, 1]."""
    distances = nearest(real, synthetic, 1, device=device).distances[:, 0]
    return float((distances < ball_radii(real, k, device)).mean())


def density_score(options: ScoreOptions) -> FeatureScore:
    kind = ScoreKind("density", "Density", "higher", low=0.0)
    return FeatureScore(kind, lambda real, other, _: density(real, other, k=options.nearest_k, device=options.device))


def coverage_score(options: ScoreOptions) -> FeatureScore:
    kind = ScoreKind("coverage", "Coverage", "higher", low=0.0, high=1.0)
    return FeatureScore(kind, lambda real, other, _: coverage(real, other, k=options.nearest_k, device=options.device))
