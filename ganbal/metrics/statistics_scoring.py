"""FID where one side, or both, is a file of statistics; and writing such files."""

from pathlib import Path
from typing import Any

from ganbal.errors import InputError
from ganbal.metrics.features.extractor import Extractor
from ganbal.metrics.features.images import FolderImages
from ganbal.metrics.features.store import FeatureStore
from ganbal.metrics.frechet import frechet_distance_of_moments
from ganbal.metrics.moments import Moments, moments_of, read_statistics, write_statistics
from ganbal.runtime.console import Console

_UNKNOWN = (
    "A file of statistics does not say which extractor, weights and resize it was made with: the value means something "
    "only if they were the same."
)
_NO_FLOOR = "From statistics only FID can be computed, without a floor."


def is_statistics(path: Path) -> bool:
    """Whether the path names a file of statistics instead of a folder."""
    return path.suffix.lower() == ".npz"


def score_statistics(
    real: Path,
    synthetic: Path,
    *,
    extractor: Extractor,
    cache_root: Path | None,
    console: Console,
) -> dict[str, Any]:
    """FID between folders or `.npz` files; the content of a scores.json.

    Raises:
        InputError: a file is damaged or has other dimensions than the extractor.
    """
    store = FeatureStore(cache_root, console)
    first, second = (_moments(path, extractor, store) for path in (real, synthetic))
    score = {
        "metric": "fid",
        "title": "FID",
        "value": frechet_distance_of_moments(first, second),
        "interval": None,
        "n_real": first.num_images,
        "n_synthetic": second.num_images,
        "extractor": extractor.identity.to_json(),
        "floor": None,
        "held_out_floor": None,
        "better": "lower",
        "note": "from statistics",
    }
    return {
        "comparison": {
            "real": {"name": str(real), "n": first.num_images},
            "synthetic": {"name": str(synthetic), "n": second.num_images},
            "held_out": None,
            "image_size_px": None,
            "seed": None,
        },
        "scores": [score],
        "copies": None,
        "warnings": [_UNKNOWN, _NO_FLOOR],
    }


def save_statistics(
    images: Path, target: Path, *, extractor: Extractor, cache_root: Path | None, console: Console
) -> Moments:
    """Write mean and covariance of a folder's features to a `.npz` file that pytorch-fid reads.

    Raises:
        InputError: no images, or `target` has another ending.
    """
    if not is_statistics(target):
        raise InputError(
            expected="a file name ending in .npz for the statistics",
            found=target.name,
            action="Name it so; pytorch-fid takes any other name for a folder.",
        )
    moments = _moments(images, extractor, FeatureStore(cache_root, console))
    write_statistics(target, moments)
    return moments


def _moments(path: Path, extractor: Extractor, store: FeatureStore) -> Moments:
    if not is_statistics(path):
        features = store.features(FolderImages(path), [extractor])[0]
        if len(features) < 2:
            raise InputError(expected=f"at least 2 images in {path}", found=str(len(features)), action="Add images.")
        return moments_of(features.values)
    moments = read_statistics(path)
    if len(moments.mean) != extractor.identity.dims:
        raise InputError(
            expected=f"statistics of {extractor.identity.dims} dimensions in {path}, as the extractor has",
            found=f"{len(moments.mean)}",
            action="Choose score.dims (--dims) to match the file.",
        )
    return moments
