"""Improved precision and recall (Kynkäänniemi et al. 2019): fidelity and diversity, measured separately.

The region of real images is the union of balls around each of them, with the distance to the k-th nearest other real
image as the radius. Precision is the share of synthetic images inside this region; recall is the share of real images
inside the region of the synthetic ones.
"""

import numpy as np
import torch

from ganbal.metrics.feature_score import FeatureScore, ScoreOptions
from ganbal.metrics.neighbors import ball_radii, count_balls_around
from ganbal.metrics.score import ScoreKind


def precision(real: np.ndarray, synthetic: np.ndarray, *, k: int = 5, device: torch.device | None = None) -> float:
    """Share of synthetic images inside the region of the real ones, in [0, 1].

    Args:
        real: (N₁, dims) features, N₁ > k.
        synthetic: (N₂, dims) features.
        k: neighbor that sets the radii. The paper uses 3; 5 is the default of density and coverage.
        device: CUDA device for the distances.
    """
    return float((count_balls_around(synthetic, real, ball_radii(real, k, device), device) > 0).mean())


def recall(real: np.ndarray, synthetic: np.ndarray, *, k: int = 5, device: torch.device | None = None) -> float:
    """Share of real images inside the region of the synthetic ones: precision with the sides exchanged."""
    return precision(synthetic, real, k=k, device=device)


def precision_score(options: ScoreOptions) -> FeatureScore:
    kind = ScoreKind("precision", "Precision", "higher", low=0.0, high=1.0)
    return FeatureScore(kind, lambda real, other, _: precision(real, other, k=options.nearest_k, device=options.device))


def recall_score(options: ScoreOptions) -> FeatureScore:
    kind = ScoreKind("recall", "Recall", "higher", low=0.0, high=1.0)
    return FeatureScore(kind, lambda real, other, _: recall(real, other, k=options.nearest_k, device=options.device))
