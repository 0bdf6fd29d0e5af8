import numpy as np
import pytest

from ganbal.metrics.floor import halves_floor, held_out_floor, summarize_splits
from ganbal.metrics.memorization.copy_scores import share_interval
from ganbal.metrics.score import ScoreKind


def number_of_shared_rows(first: np.ndarray, second: np.ndarray, _: np.random.Generator) -> float:
    return len(set(first[:, 0].tolist()) & set(second[:, 0].tolist()))


def test_halves_are_disjoint_and_of_one_size() -> None:
    sizes = []

    def measure(first: np.ndarray, second: np.ndarray, rng: np.random.Generator) -> float:
        sizes.append((len(first), len(second)))
        return number_of_shared_rows(first, second, rng)

    real, synthetic = np.arange(21.0)[:, None], np.arange(100.0, 150)[:, None]
    floor = halves_floor(measure, real, synthetic, splits=4, generator=np.random.default_rng(0))
    assert floor.value == 0 and floor.score_at_n == 0
    assert (floor.n, floor.splits) == (10, 4)
    assert set(sizes) == {(10, 10)}


def test_few_synthetic_images_make_the_floor_small_too() -> None:
    real, synthetic = np.arange(100.0)[:, None], np.arange(7.0)[:, None]
    floor = halves_floor(number_of_shared_rows, real, synthetic, splits=2, generator=np.random.default_rng(0))
    assert floor.n == 7


def test_held_out_images_are_compared_with_training_images() -> None:
    real, held_out, synthetic = (np.arange(s, s + n)[:, None] for s, n in ((0, 50), (0, 20), (500, 60)))
    floor = held_out_floor(
        number_of_shared_rows, real, held_out, synthetic, splits=5, generator=np.random.default_rng(0)
    )
    assert floor.n == 16
    assert floor.score_at_n == 0 < floor.value <= 16


def test_the_interval_by_hand() -> None:
    # Mean 2, standard deviation 1, t(0.975, 2 degrees of freedom) = 4.302653, times √(1 + 1/3) for another split.
    floor = summarize_splits([1.0, 2.0, 3.0], [5.0, 6.0, 7.0], n=9, note="x")
    assert (floor.low, floor.high) == (pytest.approx(2 - 4.968276), pytest.approx(2 + 4.968276))
    assert floor.score_at_n == 6


def test_share_interval_by_hand() -> None:
    # Wilson's interval of 0 in 10 ends at z²/(n + z²).
    assert all(share_interval(0, n)[0] == 0 and share_interval(n, n)[1] == 1 for n in range(1, 50))
    assert share_interval(0, 10) == (0.0, pytest.approx(3.841459 / 13.841459, rel=1e-6))
    low, high = share_interval(5, 10)
    assert low + high == pytest.approx(1)


def test_a_floor_lies_inside_the_range_of_its_score() -> None:
    share = ScoreKind("share", "Share", "higher", low=0.0, high=1.0)
    floor = summarize_splits([0.9, 1.0, 1.0], [0.8, 0.9, 0.9], n=9, note="x")
    assert floor.high > 1
    clipped = floor.clipped(share.clip)
    assert (clipped.low, clipped.high, clipped.value) == (floor.low, 1.0, floor.value)
    assert ScoreKind("kid", "KID", "lower").clip(-0.2) == -0.2
