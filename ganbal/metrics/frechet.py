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
from ganbal.metrics.threads import one_matrix_thread

# The quick way is taken where its worst case is a millionth of the distance; what it really loses is far less (1e-11).
_ENOUGH = 1e-6
_EIGENVALUE_ERROR = 10 * np.finfo(np.float64).eps


@dataclass(frozen=True)
class Factored:
    """A normal distribution with its covariance as FᵀF."""

    mean: np.ndarray
    """(dims,) float64."""
    factor: np.ndarray
    """(rows, dims) float64: centred features of a few thousand images, or a triangle."""


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
    known = offset @ offset + np.vdot(first.factor, first.factor) + np.vdot(second.factor, second.factor)
    factors = first.factor, second.factor
    with one_matrix_thread():
        if min(len(factor) for factor in factors) > len(offset):
            factors = _triangle(factors[0]), _triangle(factors[1])
        cross = factors[0] @ factors[1].T
        root_trace, doubt = _quick_nuclear_norm(cross)
        if 2 * doubt > _ENOUGH * (known - 2 * root_trace):
            root_trace = np.linalg.svd(cross, compute_uv=False).sum()
    return float(known - 2 * root_trace)


def factor_features(features: np.ndarray) -> Factored:
    """Mean and factor of (N, dims) features; memory does not grow with N beyond a few thousand rows."""
    assert len(features) >= 2, "a covariance needs two images"
    mean = mean_of(features)
    factor: np.ndarray | None = None
    for block in centred_blocks(features, mean):
        factor = block if factor is None else _triangle(np.vstack([factor, block]))
    assert factor is not None
    if len(factor) == len(features):
        factor = _without_mean_row(factor)
    factor /= np.sqrt(len(features) - 1)
    return Factored(mean, factor)


def _quick_nuclear_norm(matrix: np.ndarray) -> tuple[float, float]:
    """Sum of the singular values, and how far it may be off.

    Three times as fast as the singular values themselves: roots of the eigenvalues of the smaller square. Squaring
    costs digits of the small ones, which matters where the distance is small beside the traces.
    """
    small = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    squares = np.linalg.eigvalsh(small @ small.T).clip(min=0)
    error = _EIGENVALUE_ERROR * squares[-1]
    roots = np.sqrt(squares)
    # The root of x ± e is off by e / (2 √x), and never by more than √e.
    return float(roots.sum()), float(np.sum(error / np.maximum(2 * roots, np.sqrt(error)))) if error else 0.0


def _without_mean_row(centred: np.ndarray) -> np.ndarray:
    """N centred rows as N - 1 rows with the same AᵀA: a reflection takes the mean, which is zero, to the last row.

    Otherwise every cross matrix would have a singular value of zero, the hardest one to tell by eigenvalues.
    """
    return centred[:-1] + centred[-1] / (np.sqrt(len(centred)) - 1)


def _triangle(factor: np.ndarray) -> np.ndarray:
    """R of the QR decomposition: RᵀR is the same, in no more rows than dims."""
    with one_matrix_thread():
        return scipy.linalg.qr(factor, mode="r", check_finite=False)[0][: factor.shape[1]]


def factor_moments(moments: Moments) -> Factored:
    """Mean and factor from a covariance matrix, through its eigenvalues."""
    values, vectors = np.linalg.eigh(moments.covariance)
    # A covariance has no negative eigenvalues; those that appear are rounding.
    return Factored(moments.mean, np.sqrt(values.clip(min=0))[:, None] * vectors.T)
