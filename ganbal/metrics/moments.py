"""Mean and covariance of feature vectors in double precision, for sets of any size."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

BLOCK_ROWS = 4096
"""Rows converted to double precision at a time."""


@dataclass(frozen=True)
class Moments:
    """The parameters of a normal distribution."""

    mean: np.ndarray
    """(dims,) float64."""
    covariance: np.ndarray
    """(dims, dims) float64, with the divisor N - 1."""
    num_images: int | None
    """None where it is unknown, as in files written by pytorch-fid."""


def moments_of(features: np.ndarray) -> Moments:
    """Mean and covariance of (N, dims) features, which may be a memory-mapped file of any length.

    Two passes, the second over centered values: the one-pass formula loses digits where the mean is large.
    """
    mean = mean_of(features)
    total = np.zeros((features.shape[1], features.shape[1]))
    for block in centered_blocks(features, mean):
        total += block.T @ block
    return Moments(mean, total / (len(features) - 1), len(features))


def mean_of(features: np.ndarray) -> np.ndarray:
    """(dims,) float64."""
    total = np.zeros(features.shape[1])
    for start in range(0, len(features), BLOCK_ROWS):
        total += features[start : start + BLOCK_ROWS].sum(axis=0, dtype=np.float64)
    return total / len(features)


def centered_blocks(features: np.ndarray, mean: np.ndarray) -> Iterator[np.ndarray]:
    """The rows minus their mean, float64, `BLOCK_ROWS` at a time."""
    for start in range(0, len(features), BLOCK_ROWS):
        block = features[start : start + BLOCK_ROWS].astype(np.float64)
        block -= mean
        yield block
