"""Two arms image by image: McNemar and DeLong on test predictions averaged over the seeds.

They take the trainings as given and the images as independent: a second opinion on the differences, which the verdict
does not rest on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from classifiers.evaluation.metrics import THRESHOLD, called_classes
from ganbal.study.cells import Cell
from ganbal.study.comparisons import Comparison
from ganbal.study.statistics.delong import delong
from ganbal.study.statistics.holm import holm
from ganbal.study.statistics.mcnemar import mcnemar

_TESTS = ("mcnemar", "delong")


def compare_pairs(
    compared: Sequence[Comparison], probabilities: Mapping[Cell, np.ndarray], labels: np.ndarray
) -> list[dict[str, Any]]:
    """The rows of `pairs` in study/summary.json; `p_holm` is over all rows with the same test and baseline.

    Args:
        probabilities: (N, K) test predictions of every cell.
        labels: (N,) int64.
    """
    rows = [_pair(comparison, probabilities, labels) for comparison in compared]
    for test in _TESTS:
        for baseline in {row["baseline"] for row in rows}:
            family = [row[test] for row in rows if row["baseline"] == baseline and row[test] is not None]
            for found, corrected in zip(family, holm([found["p_value"] for found in family]), strict=True):
                found["p_holm"] = corrected
    return rows


def _pair(comparison: Comparison, probabilities: Mapping[Cell, np.ndarray], labels: np.ndarray) -> dict[str, Any]:
    mean, base = (np.stack([probabilities[pair[side]] for pair in comparison.pairs]).mean(axis=0) for side in (0, 1))
    correct, base_correct = (called_classes(found, THRESHOLD) == labels for found in (mean, base))
    return {
        "classifier": comparison.classifier,
        "arm": comparison.arm,
        "synthetic_ratio": comparison.synthetic_ratio,
        "minority_fraction": comparison.minority_fraction,
        "baseline": comparison.baseline,
        "n_seeds": len(comparison.pairs),
        "mcnemar": asdict(mcnemar(correct, base_correct)),
        "delong": _delong(mean, base, labels),
    }


def _delong(mean: np.ndarray, base: np.ndarray, labels: np.ndarray) -> dict[str, Any] | None:
    """None for more than two classes, and where a class has fewer than two images."""
    if mean.shape[1] != 2 or min(np.bincount(labels, minlength=2)) < 2:
        return None
    return asdict(delong(labels == 1, mean[:, 1], base[:, 1]))
