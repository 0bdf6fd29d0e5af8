"""Authenticity (Alaa et al. 2022, "How Faithful is your Synthetic Data?"): the share of images that are no near-copies.

A synthetic image is authentic if its nearest training image has another training image that is closer still. An image
closer to a training image than any other training image is was probably generated from it.
"""

import numpy as np
import torch

from ganbal.metrics.feature_score import FeatureScore, ScoreOptions
from ganbal.metrics.neighbors import nearest
from ganbal.metrics.score import ScoreKind


def authenticity(images: np.ndarray, training: np.ndarray, device: torch.device | None = None) -> float:
    """In [0, 1], higher is better, from (N, dims) and (M, dims) features.

    New real images score about one half, more with a denser training set. Compare the value with theirs.
    """
    found = nearest(images, training, 1, device=device)
    rows, distances = found.rows[:, 0], found.distances[:, 0]
    anchors = np.unique(rows)
    # Two neighbors, because the first is the anchor itself, at a distance of nearly zero.
    gaps = np.zeros(len(training))
    gaps[anchors] = nearest(training[anchors], training, 2, device=device).distances[:, 1]
    return float((distances > gaps[rows]).mean())


def authenticity_score(options: ScoreOptions) -> FeatureScore:
    kind = ScoreKind("authenticity", "Authenticity", "higher", low=0.0, high=1.0)
    return FeatureScore(kind, lambda real, other, _: authenticity(other, real, options.device))
