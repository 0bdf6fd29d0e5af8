"""Files with mean and covariance of features (`.npz`, as pytorch-fid writes them), and the FID computed from them."""

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ganbal.config.data import Fit
from ganbal.errors import InputError, reason_of
from ganbal.metrics.features.extractor import Extractor
from ganbal.metrics.features.feature_cache import SetFeatureCache
from ganbal.metrics.features.images import FolderImages
from ganbal.metrics.frechet import FID_KIND, frechet_distance_of_moments
from ganbal.metrics.identity import ExtractorIdentity, require_same_extractor
from ganbal.metrics.moments import Moments, moments_of
from ganbal.metrics.num_images import require_images
from ganbal.metrics.score import Score
from ganbal.metrics.score_warnings import score_warning, warnings_of
from ganbal.runtime.atomic_files import atomic_path
from ganbal.runtime.console import Console

_MAX_BYTES = 2_000_000_000
# Rounding of a covariance stored as float32 stays below this share of its largest value.
_TOLERANCE = 1e-5


@dataclass(frozen=True)
class Statistics:
    """Content of a statistics file."""

    moments: Moments
    identity: ExtractorIdentity | None
    """None where the file does not name its extractor, as files of pytorch-fid."""


def is_statistics(path: Path) -> bool:
    """Whether the path names a statistics file instead of a folder."""
    return path.suffix.lower() == ".npz"


def score_statistics(
    real: Path,
    synthetic: Path,
    *,
    extractor: Extractor,
    cache_root: Path | None,
    console: Console,
    fit: Fit = "stretch",
) -> dict[str, Any]:
    """FID between folders or `.npz` files.

    Returns:
        The content of scores.json.

    Raises:
        InputError: a file is damaged, is no covariance, or belongs to another extractor; fewer than 16 images, where
            their number is known.
    """
    cache = SetFeatureCache(cache_root, console)
    sides = [_statistics(path, extractor, cache, fit) for path in (real, synthetic)]
    first, second = (side.moments for side in sides)
    for name, path, moments in (("real", real, first), ("synthetic", synthetic, second)):
        if moments.num_images is not None:
            require_images(moments.num_images, name, str(path))
    score = Score(
        kind=FID_KIND,
        value=frechet_distance_of_moments(first, second),
        interval=None,
        n_real=first.num_images,
        n_synthetic=second.num_images,
        extractor=extractor.identity,
        floor=None,
        note="from statistics",
    )
    kinds = [*(["unknown-extractor"] if any(side.identity is None for side in sides) else []), "statistics-only"]
    return {
        "comparison": {
            "real": {"name": str(real), "n": first.num_images},
            "synthetic": {"name": str(synthetic), "n": second.num_images},
            "held_out": None,
            "image_size_px": None,
            "seed": None,
        },
        "scores": [score.to_json()],
        "copies": None,
        "warnings": [*warnings_of([score], has_held_out=False), *map(score_warning, kinds)],
    }


def save_statistics(
    images: Path,
    target: Path,
    *,
    extractor: Extractor,
    cache_root: Path | None,
    console: Console,
    fit: Fit = "stretch",
) -> Moments:
    """Write mean and covariance of a folder's features to a `.npz` file that pytorch-fid reads.

    Raises:
        InputError: no images, or `target` has another suffix.
    """
    if not is_statistics(target):
        raise InputError(
            found=f"The file name {target.name} does not end in .npz.",
            expected="pytorch-fid treats every other name as a folder.",
            action="Rename the file.",
        )
    moments = _statistics(images, extractor, SetFeatureCache(cache_root, console), fit).moments
    write_statistics(target, moments, extractor.identity)
    return moments


def read_statistics(file: Path) -> Statistics:
    """Read a `.npz` file with `mu` and `sigma`, as pytorch-fid writes it with --save-stats.

    Raises:
        InputError: it is missing or damaged, or `sigma` is no covariance matrix.
    """
    try:
        _check_size(file)
        with np.load(file, allow_pickle=False) as content:
            mean, covariance = (_as_float64(content[name]) for name in ("mu", "sigma"))
            number = int(content["num_images"]) if "num_images" in content else None
            identity = ExtractorIdentity(**json.loads(str(content["extractor"]))) if "extractor" in content else None
    # Damaged archives raise nearly every kind of exception, among them zlib.error and NotImplementedError.
    except Exception as error:
        raise InputError(
            found=f"The statistics file {file} cannot be read: {reason_of(error)}.",
            expected="It must be a .npz file with the arrays `mu` and `sigma`.",
            action="Write the file with `pytorch-fid --save-stats FOLDER FILE.npz` or `ganbal score FOLDER "
            "--save-statistics FILE.npz`, or give the folder itself.",
        ) from error
    problem = _problem(mean, covariance, number)
    if problem:
        raise InputError(
            found=f"The statistics in {file} cannot be used: {problem}.",
            expected="They must be a mean `mu` (dims,) and a covariance matrix `sigma` (dims, dims).",
            action="Write the file again from the images.",
        )
    return Statistics(Moments(mean, covariance, number), identity)


def write_statistics(file: Path, moments: Moments, identity: ExtractorIdentity | None = None) -> None:
    """Write a file that `read_statistics` and pytorch-fid read."""
    content = {"mu": moments.mean, "sigma": moments.covariance}
    if moments.num_images is not None:
        content["num_images"] = np.asarray(moments.num_images)
    if identity is not None:
        content["extractor"] = np.asarray(json.dumps(identity.to_json()))
    with atomic_path(file) as temporary:
        np.savez_compressed(temporary, allow_pickle=False, **content)


def _statistics(path: Path, extractor: Extractor, cache: SetFeatureCache, fit: Fit) -> Statistics:
    if not is_statistics(path):
        features = cache.features(FolderImages(path, fit), [extractor])[0]
        if len(features) < 2:
            raise InputError(
                found=f"{path} has {len(features)} image{'s' if len(features) != 1 else ''} that can be read.",
                expected="Statistics need at least 2 images.",
                action="Add images.",
            )
        return Statistics(moments_of(features.values), extractor.identity)
    statistics = read_statistics(path)
    if len(statistics.moments.mean) != extractor.identity.dims:
        raise InputError(
            found=f"The statistics in {path} have {len(statistics.moments.mean)} dimensions.",
            expected=f"The extractor has {extractor.identity.dims}, and the two must be equal.",
            action="Set score.dims (--dims) to the dimensions of the file.",
        )
    if statistics.identity is not None:
        require_same_extractor([extractor.identity, statistics.identity])
    return statistics


def _check_size(file: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
    if size > _MAX_BYTES:
        raise ValueError(f"{size / 1e9:.1f} GB of arrays, more than the {_MAX_BYTES / 1e9:.0f} GB allowed")


def _as_float64(values: np.ndarray) -> np.ndarray:
    if values.dtype.kind not in "fiu":
        raise ValueError(f"an array of {values.dtype} instead of real numbers")
    return values.astype(np.float64)


def _problem(mean: np.ndarray, covariance: np.ndarray, num_images: int | None) -> str | None:
    """Why these arrays cannot be mean and covariance of features; None if they can."""
    if mean.ndim != 1 or len(mean) == 0 or covariance.shape != (len(mean), len(mean)):
        return f"shapes {mean.shape} and {covariance.shape}"
    if not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
        return "NaN or infinity"
    if num_images is not None and num_images < 2:
        return f"num_images {num_images}"
    largest = float(np.abs(covariance).max())
    if float(np.abs(covariance - covariance.T).max()) > _TOLERANCE * largest:
        return "a matrix that is not symmetric"
    lowest = float(np.linalg.eigvalsh(covariance)[0])
    if lowest < -_TOLERANCE * max(largest, float(np.trace(covariance))):
        return f"a matrix with a negative eigenvalue ({lowest:.3g}), which no covariance has"
    return None
