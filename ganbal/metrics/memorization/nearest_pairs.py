"""The synthetic images closest to training images: a list for scores.json and a picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from ganbal.metrics.features.feature_cache import FeatureSet
from ganbal.metrics.features.images import ImageSource
from ganbal.metrics.memorization.copy_scores import CopyReport
from ganbal.runtime.atomic_files import atomic_path

PICTURE = "nearest_pairs.png"
_NUM_PAIRS = 10
_MAX_CAPTION = 44
_TILE_PX, _GAP_PX, _CAPTION_PX, _PAIRS_PER_ROW = 160, 6, 30, 5


@dataclass(frozen=True)
class Pair:
    """One synthetic image with its nearest training image; uint8 (H, W) or (H, W, 3)."""

    synthetic: np.ndarray
    training: np.ndarray
    caption: str
    """One or two lines."""


def describe_copies(
    report: CopyReport,
    synthetic: ImageSource,
    synthetic_features: FeatureSet,
    training: ImageSource,
    training_features: FeatureSet,
    folder: Path | None,
) -> dict[str, Any]:
    """The section `copies` of scores.json with the ten closest pairs; writes their picture into `folder`.

    Args:
        report: with findings, in the order of the features.
        synthetic, training: the images, for the picture.
        synthetic_features, training_features: the names of the readable images.
        folder: where the picture is written; None: no picture.
    """
    findings = report.findings
    assert findings is not None, "a copy threshold"
    entries, pairs = [], []
    for row in findings.relative_distance.argsort(kind="stable")[:_NUM_PAIRS]:
        names = synthetic_features.names[row], training_features.names[findings.training_rows[row]]
        distance, is_copy = float(findings.relative_distance[row]), bool(findings.is_copy[row])
        entries.append(
            {
                "synthetic": names[0],
                "training": names[1],
                "relative_distance": distance if np.isfinite(distance) else None,
                "is_copy": is_copy,
            }
        )
        if folder is not None:
            caption = f"distance {distance:.2f}{' COPY' if is_copy else ''}\n{Path(names[1]).name[:_MAX_CAPTION]}"
            pairs.append(Pair(_read(synthetic, names[0]), _read(training, names[1]), caption))
    if folder is not None:
        with atomic_path(folder / PICTURE) as temporary:
            draw_pairs(pairs).save(temporary)
    return {
        "number": int(findings.is_copy.sum()),
        "near_identical": findings.near_identical,
        "rule_from": report.originals.origin,
        "originals": len(report.originals),
        "duplicates_left_out": report.originals.duplicates,
        "nearest_pairs": entries,
        "picture": PICTURE if folder is not None else None,
    }


def draw_pairs(pairs: Sequence[Pair]) -> Image.Image:
    """Pairs in rows of five: synthetic on the left, training on the right, the caption below."""
    assert pairs, "at least one pair"
    width, height = 2 * _TILE_PX + 2 * _GAP_PX, _TILE_PX + _GAP_PX + _CAPTION_PX
    rows, columns = -(-len(pairs) // _PAIRS_PER_ROW), min(len(pairs), _PAIRS_PER_ROW)
    canvas = Image.new("RGB", (columns * width + _GAP_PX, rows * height + _GAP_PX), "white")
    draw = ImageDraw.Draw(canvas)
    for number, pair in enumerate(pairs):
        row, column = divmod(number, _PAIRS_PER_ROW)
        left, top = _GAP_PX + column * width, _GAP_PX + row * height
        for place, pixels in enumerate((pair.synthetic, pair.training)):
            tile = Image.fromarray(pixels).convert("RGB").resize((_TILE_PX, _TILE_PX), Image.Resampling.BICUBIC)
            canvas.paste(tile, (left + place * _TILE_PX, top))
        draw.multiline_text((left, top + _TILE_PX + 2), pair.caption, fill="black", spacing=2)
    return canvas


def _read(source: ImageSource, name: str) -> np.ndarray:
    return source.read(list(source.names).index(name))
