import itertools

import numpy as np
import pytest
import torch

from ganbal.metrics import kid as kernel
from ganbal.metrics.kid import kernel_distance, subset_estimates


def samples(n1: int, n2: int, dims: int, shift: float = 0.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n1, dims)), rng.normal(shift, 1, size=(n2, dims))


def pair_by_pair(real: np.ndarray, synthetic: np.ndarray) -> float:
    def k(x: np.ndarray, y: np.ndarray) -> float:
        return float((x @ y / len(x) + 1) ** 3)

    within = [np.mean([k(x, y) for x, y in itertools.permutations(side, 2)]) for side in (real, synthetic)]
    return float(sum(within) - 2 * np.mean([k(x, y) for x in real for y in synthetic]))


def test_by_hand() -> None:
    # One dimension. Real 0, 0, 1, 1 and synthetic all 1. k(0, .) = 1, k(1, 1) = 8.
    # Within real: of 12 ordered pairs 2 are (1, 1): (2·8 + 10·1)/12. Within synthetic: 8. Between: (1 + 8)/2.
    real, synthetic = np.array([[0.0], [0.0], [1.0], [1.0]]), np.ones((4, 1))
    found = kernel_distance(real, synthetic, generator=np.random.default_rng(0), num_subsets=0)
    assert found.value == pytest.approx(26 / 12 + 8 - 9, rel=1e-12)


def test_equals_the_sum_over_pairs_across_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "_BLOCK_ROWS", 7)
    real, synthetic = samples(20, 17, 6, shift=0.5)
    found = kernel_distance(real, synthetic, generator=np.random.default_rng(0))
    assert found.value == pytest.approx(pair_by_pair(real, synthetic), rel=1e-10)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_tensors_are_summed_in_double_like_arrays_and_stay_where_they_are(dtype: type) -> None:
    """The path of CUDA devices, with tensors on the CPU."""
    rng = np.random.default_rng(0)
    real, synthetic = (side.astype(dtype) for side in samples(1100, 30, 12, shift=0.5))
    halves = tuple(rng.integers(0, 2, (len(side), 3)).astype(float) for side in (real, synthetic))
    arrays = real, halves[0], synthetic, halves[1]
    found = subset_estimates(*map(torch.from_numpy, arrays))
    assert isinstance(found, torch.Tensor) and found.dtype == torch.float64
    np.testing.assert_allclose(found.numpy(), subset_estimates(*arrays), rtol=1e-10)


def test_equals_torch_fidelity() -> None:
    metric = pytest.importorskip("torch_fidelity.metric_kid", reason='needs pip install "ganbal[score-check]"')
    real, synthetic = samples(300, 300, 64, shift=0.3)
    expected = metric.kid_features_to_metric(
        torch.from_numpy(real), torch.from_numpy(synthetic), kid_subsets=1, kid_subset_size=300, verbose=False
    )
    found = kernel_distance(real, synthetic, generator=np.random.default_rng(0))
    assert found.value == pytest.approx(expected["kernel_inception_distance_mean"], rel=1e-6)


def test_unbiased_and_its_interval_covers() -> None:
    results = []
    for seed in range(60):
        real, synthetic = samples(80, 120, 8, shift=0.4, seed=seed)
        results.append(kernel_distance(real, synthetic, generator=np.random.default_rng(seed)))
    truth_real, truth_synthetic = samples(4000, 4000, 8, shift=0.4, seed=99)
    truth = kernel_distance(truth_real, truth_synthetic, generator=np.random.default_rng(0), num_subsets=0).value
    values = np.array([r.value for r in results])
    assert abs(values.mean() - truth) < 3 * values.std() / len(values) ** 0.5
    covered = np.mean([r.low <= truth <= r.high for r in results])
    assert covered > 0.85
    widths = np.mean([(r.high - r.low) / 2 for r in results]) / 1.96
    assert widths == pytest.approx(values.std(), rel=0.3)


def test_same_distribution_averages_zero() -> None:
    values = [
        kernel_distance(*samples(50, 50, 8, seed=seed), generator=np.random.default_rng(0), num_subsets=0).value
        for seed in range(80)
    ]
    assert abs(np.mean(values)) < 3 * np.std(values) / len(values) ** 0.5
    assert min(values) < 0
