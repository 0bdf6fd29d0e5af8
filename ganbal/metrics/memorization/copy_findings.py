"""The synthetic images that come nearest to training images: a list, and a picture."""

from pathlib import Path
from typing import Any

import numpy as np

from ganbal.metrics.features.images import ImageSource
from ganbal.metrics.features.store import FeatureSet
from ganbal.metrics.memorization.copy_scores import CopyReport
from ganbal.metrics.memorization.nearest_pairs import Pair, draw_pairs
from ganbal.runtime.atomic_files import atomic_path

PICTURE = "nearest_pairs.png"
_SHOWN = 10
_LONGEST_CAPTION = 44


def describe_copies(
    report: CopyReport,
    synthetic: ImageSource,
    synthetic_features: FeatureSet,
    training: ImageSource,
    training_features: FeatureSet,
    folder: Path | None,
) -> dict[str, Any]:
    """The ten nearest pairs for scores.json; with a `folder`, drawn there as well.

    Args:
        report: what was found, in the order of the features.
        synthetic, training: the images, for the picture.
        synthetic_features, training_features: their names, less the unreadable ones.
        folder: where the picture goes; None draws none.
    """
    findings = report.findings
    entries, pairs = [], []
    for row in findings.closeness.argsort(kind="stable")[:_SHOWN]:
        names = synthetic_features.names[row], training_features.names[findings.training_rows[row]]
        closeness, is_copy = float(findings.closeness[row]), bool(findings.is_copy[row])
        entries.append(
            {
                "synthetic": names[0],
                "training": names[1],
                "closeness": closeness if np.isfinite(closeness) else None,
                "is_copy": is_copy,
            }
        )
        if folder is not None:
            caption = f"closeness {closeness:.2f}{' COPY' if is_copy else ''}\n{Path(names[1]).name[:_LONGEST_CAPTION]}"
            pairs.append(Pair(_read(synthetic, names[0]), _read(training, names[1]), caption))
    if folder is not None:
        with atomic_path(folder / PICTURE) as temporary:
            draw_pairs(pairs).save(temporary)
    return {
        "number": int(findings.is_copy.sum()),
        "near_identical": findings.near_identical,
        "rule_from": report.originals,
        "nearest_pairs": entries,
        "picture": PICTURE if folder is not None else None,
    }


def _read(source: ImageSource, name: str) -> np.ndarray:
    return source.read(list(source.names).index(name))
