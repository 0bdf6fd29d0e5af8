"""Mean and covariance of feature vectors, over sets of any size, in double precision."""

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ganbal.errors import InputError
from ganbal.runtime.atomic_files import atomic_path

BLOCK_ROWS = 4096
"""How many rows are turned into double precision at once."""


@dataclass(frozen=True)
class Moments:
    """What a normal distribution is given by."""

    mean: np.ndarray
    """(dims,) float64."""
    covariance: np.ndarray
    """(dims, dims) float64, with the divisor N - 1."""
    num_images: int | None
    """None where it is not known, as in pytorch-fid's own files."""


def moments_of(features: np.ndarray) -> Moments:
    """Mean and covariance of (N, dims) features, read in blocks, so that a file map of any length will do.

    Two passes, the second over centred values: the one-pass formula loses digits where the mean is large.
    """
    mean = mean_of(features)
    total = np.zeros((features.shape[1], features.shape[1]))
    for block in centred_blocks(features, mean):
        total += block.T @ block
    return Moments(mean, total / (len(features) - 1), len(features))


def mean_of(features: np.ndarray) -> np.ndarray:
    """(dims,) float64."""
    total = np.zeros(features.shape[1])
    for start in range(0, len(features), BLOCK_ROWS):
        total += features[start : start + BLOCK_ROWS].sum(axis=0, dtype=np.float64)
    return total / len(features)


def centred_blocks(features: np.ndarray, mean: np.ndarray) -> Iterator[np.ndarray]:
    """The rows less their mean, float64, some thousands at a time."""
    for start in range(0, len(features), BLOCK_ROWS):
        block = features[start : start + BLOCK_ROWS].astype(np.float64)
        block -= mean
        yield block


def read_statistics(file: Path) -> Moments:
    """A `.npz` file with `mu` and `sigma`, as pytorch-fid writes it with --save-stats.

    Raises:
        InputError: it is missing, damaged, or holds something else.
    """
    try:
        with np.load(file, allow_pickle=False) as content:
            mean, covariance = (np.asarray(content[name], dtype=np.float64) for name in ("mu", "sigma"))
            number = int(content["num_images"]) if "num_images" in content else None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(
            expected=f"statistics with `mu` and `sigma` in {file}",
            found=" ".join(str(error).split()),
            action="Write the file with `pytorch-fid --save-stats FOLDER FILE.npz`, or give the folder itself.",
        ) from error
    finite = np.isfinite(mean).all() and np.isfinite(covariance).all()
    if mean.ndim != 1 or covariance.shape != (len(mean), len(mean)) or not finite:
        raise InputError(
            expected=f"finite `mu` (dims,) and `sigma` (dims, dims) in {file}",
            found=f"shapes {mean.shape} and {covariance.shape}" if finite else "NaN or infinity",
            action="Write the file again from the images.",
        )
    return Moments(mean, covariance, number)


def write_statistics(file: Path, moments: Moments) -> None:
    """Write what `read_statistics` and the pytorch-fid program read."""
    content = {"mu": moments.mean, "sigma": moments.covariance}
    if moments.num_images is not None:
        content["num_images"] = np.asarray(moments.num_images)
    with atomic_path(file) as temporary:
        np.savez_compressed(temporary, allow_pickle=False, **content)
