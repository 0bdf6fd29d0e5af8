"""The Fréchet distance between two sets of feature vectors: FID, where they are Inception's.

|μ₁ - μ₂|² + Tr S₁ + Tr S₂ - 2 Tr √(S₁ S₂)  (Heusel et al. 2017, "GANs Trained by a Two Time-Scale Update Rule").

Write S₁ = F₁ᵀF₁ and S₂ = F₂ᵀF₂ for any factors. The eigenvalues of S₁S₂ that are not zero are those of
(F₁F₂ᵀ)(F₁F₂ᵀ)ᵀ, so the trace of the root is the sum of the singular values of F₁F₂ᵀ. No matrix root is taken, nothing
is added to a diagonal, and nothing can become imaginary. With fewer images than dimensions F is the centred feature
matrix itself, and F₁F₂ᵀ is small.
"""

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from ganbal.metrics.moments import Moments, centred_blocks, mean_of


@dataclass(frozen=True)
class Factored:
    """A normal distribution with its covariance as FᵀF."""

    mean: np.ndarray
    """(dims,) float64."""
    factor: np.ndarray
    """(rows, dims) float64, rows at most dims."""


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float:
    """The distance between two sets of features, (N₁, dims) and (N₂, dims), N ≥ 2.

    Exact to rounding at any N; covariances have the divisor N - 1, as in pytorch-fid.
    """
    return distance_of_factored(factor_features(first), factor_features(second))


def frechet_distance_of_moments(first: Moments, second: Moments) -> float:
    """The distance where only mean and covariance are known."""
    return distance_of_factored(factor_moments(first), factor_moments(second))


def distance_of_factored(first: Factored, second: Factored) -> float:
    """The distance from means and factors of the covariances."""
    assert first.mean.shape == second.mean.shape, "features of one extractor"
    offset = first.mean - second.mean
    traces = np.vdot(first.factor, first.factor) + np.vdot(second.factor, second.factor)
    root_trace = np.linalg.svd(first.factor @ second.factor.T, compute_uv=False).sum()
    return float(offset @ offset + traces - 2 * root_trace)


def factor_features(features: np.ndarray) -> Factored:
    """Mean and factor of (N, dims) features; memory does not grow with N beyond a few thousand rows."""
    num_images, dims = features.shape
    assert num_images >= 2, "a covariance needs two images"
    mean = mean_of(features)
    factor = np.empty((0, dims))
    for block in centred_blocks(features, mean):
        factor = np.vstack([factor, block]) if len(factor) else block
        if len(factor) > dims:
            # R of a QR decomposition has the same RᵀR, in dims rows.
            factor = scipy.linalg.qr(factor, mode="r", overwrite_a=True, check_finite=False)[0][:dims]
    return Factored(mean, factor / np.sqrt(num_images - 1))


def factor_moments(moments: Moments) -> Factored:
    """Mean and factor from a covariance matrix, through its eigenvalues."""
    values, vectors = np.linalg.eigh(moments.covariance)
    # A covariance has no negative eigenvalues; those that appear are rounding.
    return Factored(moments.mean, np.sqrt(values.clip(min=0))[:, None] * vectors.T)
