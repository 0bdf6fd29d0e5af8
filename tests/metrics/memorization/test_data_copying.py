import numpy as np
import pytest
from scipy import stats

from ganbal.metrics.memorization.data_copying import DataCopying, data_copying_test, mann_whitney_z


def test_mann_whitney_by_hand() -> None:
    # All of 1, 2 below all of 3, 4, 5: no wins of 6. Mean 3, variance 2·3·6/12 = 3.
    assert mann_whitney_z(np.array([1.0, 2.0]), np.array([3.0, 4.0, 5.0])) == pytest.approx(-3 / 3**0.5)
    assert mann_whitney_z(np.array([1.0, 1.0]), np.array([1.0, 1.0])) == 0


def test_mann_whitney_agrees_with_scipy() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=40), rng.normal(0.5, 1, size=60)
    expected = stats.mannwhitneyu(first, second, use_continuity=False, method="asymptotic").pvalue
    assert 2 * stats.norm.sf(abs(mann_whitney_z(first, second))) == pytest.approx(expected)


@pytest.fixture
def training() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(800, 6)).astype(np.float32)


def fresh(seed: int, scale: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, scale, size=(400, 6)).astype(np.float32)


def result_of(training: np.ndarray, held_out: np.ndarray, synthetic: np.ndarray) -> DataCopying:
    found = data_copying_test(training, held_out, synthetic, generator=np.random.default_rng(0))
    assert found is not None and found.cells > 1
    return found


def score(training: np.ndarray, synthetic: np.ndarray) -> float:
    return result_of(training, fresh(1), synthetic).value


def test_fresh_images_score_near_zero(training: np.ndarray) -> None:
    assert abs(score(training, fresh(2))) < 2


def test_copies_score_far_below(training: np.ndarray) -> None:
    assert score(training, training[:400] + 0.05 * fresh(2)) < -6


def test_images_far_from_everything_score_above(training: np.ndarray) -> None:
    assert score(training, fresh(2, scale=1.6)) > 3


def test_the_interval_by_hand() -> None:
    found = DataCopying(-1.0, 0.25, 16)
    assert found.z == -4
    assert found.interval == (pytest.approx(-1.489991), pytest.approx(-0.510009))


def test_c_t_of_new_images_varies_by_its_standard_error(training: np.ndarray) -> None:
    found = [result_of(training, fresh(2 * seed), fresh(2 * seed + 1)) for seed in range(1, 31)]
    assert all(test.standard_error < 0.45 for test in found)
    # The standard deviation of 30 values lies within 0.68 and 1.32 of the true one in 98.9 % of the cases.
    assert 0.6 < np.std([test.z for test in found], ddof=1) < 1.4


def test_a_single_cell_has_a_standard_error_of_one(training: np.ndarray) -> None:
    found = data_copying_test(training, fresh(1)[:40], fresh(2), generator=np.random.default_rng(0))
    assert found is not None and (found.cells, found.standard_error) == (1, 1.0)


def test_too_few_images_give_none(training: np.ndarray) -> None:
    generator = np.random.default_rng(0)
    assert data_copying_test(training, fresh(1)[:4], fresh(2), generator=generator) is None
