import numpy as np
import pytest
import scipy.linalg

from ganbal.metrics.frechet import frechet_distance, frechet_distance_of_moments
from ganbal.metrics.moments import Moments, moments_of


def correlated(number: int, dims: int, seed: int, shift: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(number, dims)) @ rng.normal(size=(dims, dims)) / dims**0.5 + shift).astype(np.float32)


def by_matrix_root(first: np.ndarray, second: np.ndarray) -> float:
    """The formula as it is written, with scipy's matrix root."""
    sigma1, sigma2 = (np.cov(side.astype(np.float64), rowvar=False) for side in (first, second))
    offset = first.mean(axis=0, dtype=np.float64) - second.mean(axis=0, dtype=np.float64)
    root = scipy.linalg.sqrtm(sigma1 @ sigma2)
    return float(offset @ offset + np.trace(sigma1 + sigma2) - 2 * np.trace(root.real))


def test_one_dimension_by_hand() -> None:
    # Means 1 and 4; variances with N - 1: 1 and 4. So (4 - 1)² + (2 - 1)² = 10.
    first, second = np.array([[0.0], [1.0], [2.0]]), np.array([[2.0], [4.0], [6.0]])
    assert frechet_distance(first, second) == pytest.approx(10, rel=1e-12)


def test_known_covariances_by_hand() -> None:
    # Diagonal covariances: the distance adds up over the axes, (3 - 1)² + (1 - 2)² and no offset.
    first = Moments(np.zeros(2), np.diag([9.0, 1.0]), None)
    second = Moments(np.zeros(2), np.diag([1.0, 4.0]), None)
    assert frechet_distance_of_moments(first, second) == pytest.approx(5, rel=1e-12)


@pytest.mark.parametrize(("n1", "n2", "dims"), [(30, 50, 200), (300, 50, 100), (400, 300, 64)])
def test_equals_the_matrix_root(n1: int, n2: int, dims: int) -> None:
    first, second = correlated(n1, dims, 0), correlated(n2, dims, 1, shift=0.2)
    expected = by_matrix_root(first, second)
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-6)
    assert frechet_distance_of_moments(moments_of(first), moments_of(second)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("shape", [(40, 100), (500, 100)])
def test_identical_sets_give_zero_within_rounding(shape: tuple[int, int]) -> None:
    features = correlated(*shape, seed=3)
    assert abs(frechet_distance(features, features[::-1])) < 1e-9 * features.var(axis=0).sum()


def test_sets_beyond_one_block_give_the_same() -> None:
    first, second = correlated(9000, 16, 0), correlated(5000, 16, 1)
    assert frechet_distance(first, second) == pytest.approx(by_matrix_root(first, second), rel=1e-9)


def test_symmetric() -> None:
    first, second = correlated(60, 20, 0), correlated(80, 20, 1)
    assert frechet_distance(first, second) == pytest.approx(frechet_distance(second, first), rel=1e-12)


@pytest.mark.parametrize("decay", [0.3, 3.0])
def test_exact_for_flat_and_for_steep_spectra(decay: float) -> None:
    rng = np.random.default_rng(0)
    scale = np.arange(1, 301) ** -decay
    first, second = rng.normal(size=(120, 300)) * scale, rng.normal(size=(150, 300)) * scale
    centered = [(side - side.mean(axis=0)) / (len(side) - 1) ** 0.5 for side in (first, second)]
    root_trace = np.linalg.svd(centered[0] @ centered[1].T, compute_uv=False).sum()
    offset = first.mean(axis=0) - second.mean(axis=0)
    expected = offset @ offset + sum((side**2).sum() for side in centered) - 2 * root_trace
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-9)
