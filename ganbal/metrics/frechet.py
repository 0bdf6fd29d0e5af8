"""The Fréchet distance between two sets of feature vectors; with Inception features it is the FID.

|μ₁ - μ₂|² + Tr S₁ + Tr S₂ - 2 Tr √(S₁ S₂)  (Heusel et al. 2017, "GANs Trained by a Two Time-Scale Update Rule").

Write S₁ = F₁ᵀF₁ and S₂ = F₂ᵀF₂ for any factors. The nonzero eigenvalues of S₁S₂ are those of (F₁F₂ᵀ)(F₁F₂ᵀ)ᵀ, so the
trace of the root is the sum of the singular values of F₁F₂ᵀ. No matrix root is computed, nothing is added to the
diagonal, and no result is complex. With fewer images than dimensions, F is the centered feature matrix itself and
F₁F₂ᵀ is small.
"""

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from ganbal.metrics.feature_score import FeatureScore
from ganbal.metrics.moments import Moments, centered_blocks, mean_of
from ganbal.metrics.score import ScoreKind
from ganbal.metrics.threads import one_matrix_thread

# The fast path is used where its worst-case error is a millionth of the distance; its actual error is near 1e-11.
_MAX_RELATIVE_ERROR = 1e-6
_EIGENVALUE_ERROR = 10 * np.finfo(np.float64).eps


@dataclass(frozen=True)
class FactoredNormal:
    """A normal distribution with its covariance as FᵀF."""

    mean: np.ndarray
    """(dims,) float64."""
    factor: np.ndarray
    """(rows, dims) float64: the centered features, or a triangular matrix."""


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float:
    """The distance between two sets of features, (N₁, dims) and (N₂, dims), N ≥ 2.

    Exact up to rounding at any N; covariances have the divisor N - 1, as in pytorch-fid.
    """
    return distance_of_factored(factor_features(first), factor_features(second))


def frechet_distance_of_moments(first: Moments, second: Moments) -> float:
    """The distance where only mean and covariance are known."""
    return distance_of_factored(factor_moments(first), factor_moments(second))


def distance_of_factored(first: FactoredNormal, second: FactoredNormal) -> float:
    """The distance from means and factors of the covariances."""
    assert first.mean.shape == second.mean.shape, "features of one extractor"
    offset = first.mean - second.mean
    known = offset @ offset + np.vdot(first.factor, first.factor) + np.vdot(second.factor, second.factor)
    factors = first.factor, second.factor
    with one_matrix_thread():
        if min(len(factor) for factor in factors) > len(offset):
            factors = _triangle(factors[0]), _triangle(factors[1])
        cross = factors[0] @ factors[1].T
        root_trace, error = _fast_nuclear_norm(cross)
        if 2 * error > _MAX_RELATIVE_ERROR * (known - 2 * root_trace):
            root_trace = np.linalg.svd(cross, compute_uv=False).sum()
    return float(known - 2 * root_trace)


def factor_features(features: np.ndarray) -> FactoredNormal:
    """Mean and factor of (N, dims) features; memory is bounded by a few thousand rows."""
    assert len(features) >= 2, "a covariance needs two images"
    mean = mean_of(features)
    factor: np.ndarray | None = None
    for block in centered_blocks(features, mean):
        factor = block if factor is None else _triangle(np.vstack([factor, block]))
    assert factor is not None
    if len(factor) == len(features):
        factor = _without_mean_row(factor)
    factor /= np.sqrt(len(features) - 1)
    return FactoredNormal(mean, factor)


def factor_moments(moments: Moments) -> FactoredNormal:
    """Mean and factor from a covariance matrix, through its eigenvalues."""
    values, vectors = np.linalg.eigh(moments.covariance)
    # Negative eigenvalues here are rounding; files with larger ones are refused when they are read.
    return FactoredNormal(moments.mean, np.sqrt(values.clip(min=0))[:, None] * vectors.T)


def _fast_nuclear_norm(matrix: np.ndarray) -> tuple[float, float]:
    """Sum of the singular values, and an upper bound of its error.

    Three times as fast as the singular values themselves: roots of the eigenvalues of the smaller Gram matrix.
    Squaring loses digits of the small ones, which matters where the distance is small compared with the traces.
    """
    small = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    squares = np.linalg.eigvalsh(small @ small.T).clip(min=0)
    error = _EIGENVALUE_ERROR * squares[-1]
    roots = np.sqrt(squares)
    # The root of x ± e has an error of e / (2 √x), and never more than √e.
    return float(roots.sum()), float(np.sum(error / np.maximum(2 * roots, np.sqrt(error)))) if error else 0.0


def _without_mean_row(centered: np.ndarray) -> np.ndarray:
    """N centered rows as N - 1 rows with the same AᵀA: a reflection moves the mean, which is zero, to the last row.

    Otherwise every cross matrix has a singular value of zero, which eigenvalues determine least accurately.
    """
    return centered[:-1] + centered[-1] / (np.sqrt(len(centered)) - 1)


def _triangle(factor: np.ndarray) -> np.ndarray:
    """R of the QR decomposition: RᵀR = FᵀF in at most `dims` rows."""
    with one_matrix_thread():
        return scipy.linalg.qr(factor, mode="r", check_finite=False)[0][: factor.shape[1]]


FID_KIND = ScoreKind("fid", "FID", "lower", best=0.0, low=0.0)
FID = FeatureScore(FID_KIND, lambda real, other, _: frechet_distance(real, other))
