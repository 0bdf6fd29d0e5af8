import numpy as np
import pytest

from ganbal.metrics.density_coverage import coverage, density
from ganbal.metrics.precision_recall import precision, recall


def test_by_hand() -> None:
    # k = 1. Real 0, 1, 10: radii 1, 1, 9. Synthetic 0.5, 30, 31: radii 29.5, 1, 1.
    real, synthetic = np.array([[0.0], [1.0], [10.0]]), np.array([[0.5], [30.0], [31.0]])
    # Only 0.5 lies in a real ball. All real images lie in the wide ball around 0.5.
    assert (precision(real, synthetic, k=1), recall(real, synthetic, k=1)) == (pytest.approx(1 / 3), 1.0)
    # 0.5 lies less than 1 from 0 and 1, and more than 9 from 10: two balls of three, over k = 1 and 3 images.
    # Nearest synthetic: 0.5, 0.5 and 9.5 away; inside the radii 1 and 1, outside 9.
    assert (density(real, synthetic, k=1), coverage(real, synthetic, k=1)) == (
        pytest.approx(2 / 3),
        pytest.approx(2 / 3),
    )


@pytest.mark.parametrize("k", [3, 5])
def test_equals_prdc(k: int) -> None:
    prdc = pytest.importorskip("prdc", reason='needs pip install "ganbal[score-check]"')
    rng = np.random.default_rng(0)
    real, synthetic = rng.normal(size=(400, 16)), rng.normal(0.3, 0.9, size=(300, 16))
    expected = prdc.compute_prdc(real_features=real, fake_features=synthetic, nearest_k=k)
    scores = {"precision": precision, "recall": recall, "density": density, "coverage": coverage}
    found = {name: score(real, synthetic, k=k) for name, score in scores.items()}
    assert {name: pytest.approx(value, abs=1e-6) for name, value in expected.items()} == found


def test_a_dropped_mode_lowers_recall_and_coverage_not_precision() -> None:
    rng = np.random.default_rng(0)
    centres = np.eye(12)[:4] * 12

    def draw(number: int, modes: int) -> np.ndarray:
        return centres[rng.integers(modes, size=number)] + rng.normal(size=(number, 12))

    real, whole, three = draw(800, 4), draw(800, 4), draw(800, 3)
    assert recall(real, three) < recall(real, whole) - 0.15
    assert precision(real, three) > precision(real, whole) - 0.03
    assert coverage(real, three) < coverage(real, whole) - 0.15


def test_same_distribution_has_density_one_and_high_coverage() -> None:
    rng = np.random.default_rng(3)
    sides = rng.normal(size=(1000, 8)), rng.normal(size=(1000, 8))
    assert density(*sides) == pytest.approx(1, abs=0.08)
    # Naeem et al.: 1 - 2^-k for equal sizes.
    assert coverage(*sides) == pytest.approx(1 - 2**-5, abs=0.02)
