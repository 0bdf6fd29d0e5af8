"""The kernel distance: squared maximum mean discrepancy with a cubic kernel; with Inception features it is the KID.

Bińkowski et al. (2018, "Demystifying MMD GANs"): k(x, y) = (x·y / dims + 1)³ with the unbiased estimator of Gretton et
al. (2012). Unlike that of FID, its expectation does not depend on N, and it is 0 for two samples of one distribution.
"""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from ganbal.metrics.feature_score import FeatureScore, Interval, ScoreOptions
from ganbal.metrics.score import ScoreKind

_BLOCK_ROWS = 1024
_NORMAL_95 = 1.959964

Array = TypeVar("Array", np.ndarray, Tensor)
"""NumPy arrays are computed on the host, tensors on their device."""


@dataclass(frozen=True)
class KernelDistance:
    """An estimate from all images, with an interval from subsets."""

    value: float
    """Unbiased, so it can be slightly below 0, which means that no difference was detected."""
    low: float
    high: float
    """95 % interval."""
    subset_values: np.ndarray
    """(subsets,) the estimates on random halves of both sets."""


def kernel_distance(
    real: np.ndarray,
    synthetic: np.ndarray,
    *,
    generator: np.random.Generator,
    num_subsets: int = 100,
    device: torch.device | None = None,
) -> KernelDistance:
    """The distance between (N₁, dims) and (N₂, dims) features, N ≥ 4, computed in float64 and in blocks.

    The interval is the delete-half jackknife (Shao & Wu 1989): over random halves, sampled without replacement, the
    estimate has the variance that it has over new samples of the full size.

    Args:
        real, synthetic: the features.
        generator: selects the halves.
        num_subsets: halves for the interval; 0 gives an interval of zero width.
        device: CUDA device for all kernel sums; otherwise NumPy is used.
    """
    assert min(len(real), len(synthetic)) >= 4, "halves need two images each"
    chosen_real = _halves(len(real), num_subsets, generator)
    chosen_synthetic = _halves(len(synthetic), num_subsets, generator)
    arrays = real, chosen_real, synthetic, chosen_synthetic
    if device is not None and device.type == "cuda":
        estimates = subset_estimates(*(torch.tensor(array, device=device) for array in arrays)).cpu().numpy()
    else:
        estimates = subset_estimates(*arrays)
    value, subset_values = float(estimates[0]), estimates[1:]
    half_width = _NORMAL_95 * float(np.sqrt(np.mean((subset_values - value) ** 2))) if num_subsets else 0.0
    return KernelDistance(value, value - half_width, value + half_width, subset_values)


def _halves(number: int, num_subsets: int, generator: np.random.Generator) -> np.ndarray:
    """(number, 1 + num_subsets) of 0 and 1: the images in each subset; the first column contains all images."""
    chosen = np.zeros((number, 1 + num_subsets))
    chosen[:, 0] = 1
    for column in range(1, 1 + num_subsets):
        chosen[generator.permutation(number)[: number // 2], column] = 1
    return chosen


def subset_estimates(real: Array, chosen_real: Array, synthetic: Array, chosen_synthetic: Array) -> Array:
    """(K,) float64: the unbiased estimates from K subsets, computed where the features are.

    Args:
        real, synthetic: (N₁, dims) and (N₂, dims) features.
        chosen_real, chosen_synthetic: (N₁, K) and (N₂, K) float64 of 0 and 1, the images in each subset.
    """
    within = _mean_within(real, chosen_real) + _mean_within(synthetic, chosen_synthetic)
    return within - 2 * _mean_between(real, chosen_real, synthetic, chosen_synthetic)


def _mean_within(features: Array, chosen: Array) -> Array:
    """Mean kernel value over the pairs of different images, for each column of `chosen`."""
    total = 0 * chosen[0]
    for rows in _blocks(len(features)):
        for columns in _blocks(len(features)):
            if columns.start < rows.start:
                continue
            values = _cubic_kernel(features[rows], features[columns])
            if columns.start == rows.start:
                _clear_diagonal(values)
            both_ways = 1 if columns.start == rows.start else 2
            total = total + both_ways * _weighted_sums(values, chosen[rows], chosen[columns])
    number = chosen.sum(0)
    return total / (number * (number - 1))


def _mean_between(real: Array, chosen_real: Array, synthetic: Array, chosen_synthetic: Array) -> Array:
    total = 0 * chosen_real[0]
    for rows in _blocks(len(real)):
        for columns in _blocks(len(synthetic)):
            values = _cubic_kernel(real[rows], synthetic[columns])
            total = total + _weighted_sums(values, chosen_real[rows], chosen_synthetic[columns])
    return total / (chosen_real.sum(0) * chosen_synthetic.sum(0))


def _cubic_kernel(first: Array, second: Array) -> Array:
    """(B₁, B₂) float64."""
    if isinstance(first, Tensor):
        product = first.double() @ second.double().T
    else:
        product = first.astype(np.float64) @ second.astype(np.float64).T
    return (product / first.shape[1] + 1) ** 3


def _clear_diagonal(values: Array) -> None:
    if isinstance(values, Tensor):
        values.fill_diagonal_(0)
    else:
        np.fill_diagonal(values, 0)


def _weighted_sums(values: Array, chosen_rows: Array, chosen_columns: Array) -> Array:
    """The sum of the chosen values for each of the K columns."""
    if isinstance(values, Tensor):
        return (chosen_rows * (values @ chosen_columns)).sum(0)
    return np.einsum("ik,ik->k", chosen_rows, values @ chosen_columns)


def _blocks(number: int) -> list[slice]:
    return [slice(start, min(start + _BLOCK_ROWS, number)) for start in range(0, number, _BLOCK_ROWS)]


def kid_score(options: ScoreOptions) -> FeatureScore:
    def measure(real: np.ndarray, other: np.ndarray, generator: np.random.Generator) -> float:
        return kernel_distance(real, other, generator=generator, num_subsets=0, device=options.device).value

    def estimate(real: np.ndarray, other: np.ndarray, generator: np.random.Generator) -> tuple[float, Interval]:
        result = kernel_distance(real, other, generator=generator, device=options.device)
        return result.value, (result.low, result.high)

    # Unbounded below, since the estimator is unbiased.
    return FeatureScore(ScoreKind("kid", "KID", "lower", best=0.0), measure, estimate)
