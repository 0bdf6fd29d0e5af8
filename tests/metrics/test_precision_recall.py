import numpy as np
import pytest

from ganbal.metrics.density_coverage import density_coverage
from ganbal.metrics.precision_recall import precision_recall


def test_by_hand() -> None:
    # k = 1. Real 0, 1, 10: radii 1, 1, 9. Synthetic 0.5, 30, 31: radii 29.5, 1, 1.
    real, synthetic = np.array([[0.0], [1.0], [10.0]]), np.array([[0.5], [30.0], [31.0]])
    # Only 0.5 lies in a real ball. All real images lie in the wide ball around 0.5.
    found = precision_recall(real, synthetic, k=1)
    assert (found.precision, found.recall) == (pytest.approx(1 / 3), 1.0)
    # 0.5 lies less than 1 from 0 and 1, and more than 9 from 10: two balls of three, over k = 1 and 3 images.
    both = density_coverage(real, synthetic, k=1)
    # Nearest synthetic: 0.5, 0.5 and 9.5 away; inside the radii 1 and 1, outside 9.
    assert (both.density, both.coverage) == (pytest.approx(2 / 3), pytest.approx(2 / 3))


@pytest.mark.parametrize("k", [3, 5])
def test_equals_prdc(k: int) -> None:
    prdc = pytest.importorskip("prdc", reason='needs pip install "ganbal[score-check]"')
    rng = np.random.default_rng(0)
    real, synthetic = rng.normal(size=(400, 16)), rng.normal(0.3, 0.9, size=(300, 16))
    expected = prdc.compute_prdc(real_features=real, fake_features=synthetic, nearest_k=k)
    first, second = precision_recall(real, synthetic, k=k), density_coverage(real, synthetic, k=k)
    found = {**vars(first), **vars(second)}
    assert {name: pytest.approx(value, abs=1e-6) for name, value in expected.items()} == found


def test_a_dropped_mode_lowers_recall_and_coverage_not_precision() -> None:
    rng = np.random.default_rng(0)
    centres = np.eye(12)[:4] * 12

    def draw(number: int, modes: int) -> np.ndarray:
        return centres[rng.integers(modes, size=number)] + rng.normal(size=(number, 12))

    real, whole, three = draw(800, 4), draw(800, 4), draw(800, 3)
    before, after = precision_recall(real, whole), precision_recall(real, three)
    assert after.recall < before.recall - 0.15
    assert after.precision > before.precision - 0.03
    coverage_before, coverage_after = (density_coverage(real, side).coverage for side in (whole, three))
    assert coverage_after < coverage_before - 0.15


def test_same_distribution_has_density_one_and_high_coverage() -> None:
    rng = np.random.default_rng(3)
    found = density_coverage(rng.normal(size=(1000, 8)), rng.normal(size=(1000, 8)))
    assert found.density == pytest.approx(1, abs=0.08)
    # Naeem et al.: 1 - 2^-k for equal sizes.
    assert found.coverage == pytest.approx(1 - 2**-5, abs=0.02)
