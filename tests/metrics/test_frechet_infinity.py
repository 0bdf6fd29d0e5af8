import numpy as np
import pytest

from ganbal.metrics.frechet import frechet_distance
from ganbal.metrics.frechet_infinity import infinite_frechet_distance


def test_a_line_in_one_over_n_is_extended_to_zero() -> None:
    # A made-up distance of 5 + 300/N₁ + 700/N₂: shrinking both sides by f makes it 5 + (300/N₁ + 700/N₂)/f.
    features = np.arange(4000.0).reshape(-1, 1)
    found = infinite_frechet_distance(
        features,
        features[:2000],
        generator=np.random.default_rng(0),
        distance=lambda x, y: 5 + 300 / len(x) + 700 / len(y),
    )
    assert found.value == pytest.approx(5, abs=2e-3)
    assert found.low <= found.value <= found.high
    assert found.distances[0] == pytest.approx(5 + 300 / 4000 + 700 / 2000)
    assert found.fractions[0] == 1 and found.fractions[-1] == pytest.approx(0.4)


def test_takes_most_of_the_bias_away_between_samples_of_one_distribution() -> None:
    biased, extrapolated = [], []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        first, second = rng.normal(size=(500, 40)), rng.normal(size=(500, 40))
        biased.append(frechet_distance(first, second))
        extrapolated.append(infinite_frechet_distance(first, second, generator=rng).value)
    assert min(biased) > 1
    assert abs(np.mean(extrapolated)) < 0.1 * np.mean(biased)


def test_same_generator_same_result() -> None:
    rng = np.random.default_rng(1)
    sides = rng.normal(size=(60, 5)), rng.normal(size=(50, 5))
    values = [infinite_frechet_distance(*sides, generator=np.random.default_rng(7)).value for _ in range(2)]
    assert values[0] == values[1]
