"""Which cells of a study are compared with which, paired by seed, and image by image where predictions are at hand."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from classifiers.evaluation.metrics import predicted_classes
from classifiers.evaluation.thresholds import THRESHOLD
from ganbal.config.study import BASELINE
from ganbal.runtime.shared_text import CHEAP_ALTERNATIVES
from ganbal.study.arms import ARMS
from ganbal.study.cell import Cell
from ganbal.study.statistics.delong import delong
from ganbal.study.statistics.holm import holm
from ganbal.study.statistics.mcnemar import mcnemar

_TESTS = ("mcnemar", "delong")


@dataclass(frozen=True)
class Comparison:
    """An arm's cells beside the cells of its baseline with the same seeds; `pairs` has at least one."""

    classifier: str
    arm: str
    synthetic_ratio: float | None
    minority_fraction: float
    baseline: str
    pairs: tuple[tuple[Cell, Cell], ...]

    def names(self) -> dict[str, Any]:
        """What a row of summary.json says about it."""
        return {
            "arm": self.arm,
            "synthetic_ratio": self.synthetic_ratio,
            "minority_fraction": self.minority_fraction,
            "baseline": self.baseline,
        }


def comparisons(cells: Iterable[Cell]) -> list[Comparison]:
    """Every arm at every ratio against BASELINE and each of CHEAP_ALTERNATIVES, per classifier and minority fraction.

    The other arm has the same minority fraction and, if it adds images, the same ratio. An arm without such a
    counterpart in the study is not compared, and two of these arms are compared once: the later with the earlier one.
    """
    against = (BASELINE, *CHEAP_ALTERNATIVES)
    groups: dict[Cell, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(replace(cell, seed=0), []).append(cell)
    classifiers = list(dict.fromkeys(group.classifier for group in groups))
    return [
        Comparison(group.classifier, group.arm, group.synthetic_ratio, group.minority_fraction, baseline, pairs)
        for group in sorted(groups, key=lambda group: classifiers.index(group.classifier))
        for baseline in against
        if group.arm not in against or against.index(baseline) < against.index(group.arm)
        if (pairs := _paired(groups[group], groups.get(_counterpart(group, baseline), [])))
    ]


def _counterpart(group: Cell, arm: str) -> Cell:
    return replace(group, arm=arm, synthetic_ratio=group.synthetic_ratio if ARMS[arm].adds_images else None)


def _paired(cells: list[Cell], others: list[Cell]) -> tuple[tuple[Cell, Cell], ...]:
    by_seed = {other.seed: other for other in others}
    return tuple((cell, by_seed[cell.seed]) for cell in cells if cell.seed in by_seed)


def compare_predictions(
    compared: Sequence[Comparison], probabilities: Mapping[Cell, np.ndarray], labels: np.ndarray
) -> list[dict[str, Any]]:
    """McNemar and DeLong on test predictions averaged over the seeds: the rows of `pairs` in study/summary.json.

    These tests take the trainings as given and the images as independent. They are a second opinion on the differences;
    the verdict does not rest on them. `p_holm` is corrected over all rows with the same test and baseline.

    Args:
        probabilities: (N, K) test predictions per cell.
        labels: (N,) int64.
    """
    rows = [_compare_images(comparison, probabilities, labels) for comparison in compared]
    for test in _TESTS:
        for baseline in {row["baseline"] for row in rows}:
            family = [row[test] for row in rows if row["baseline"] == baseline and row[test] is not None]
            for found, corrected in zip(family, holm([found["p_value"] for found in family]), strict=True):
                found["p_holm"] = corrected
    return rows


def _compare_images(
    comparison: Comparison, probabilities: Mapping[Cell, np.ndarray], labels: np.ndarray
) -> dict[str, Any]:
    mean, base = (np.stack([probabilities[pair[side]] for pair in comparison.pairs]).mean(axis=0) for side in (0, 1))
    correct, base_correct = (predicted_classes(found, THRESHOLD) == labels for found in (mean, base))
    return {
        "classifier": comparison.classifier,
        **comparison.names(),
        "n_seeds": len(comparison.pairs),
        "mcnemar": asdict(mcnemar(correct, base_correct)),
        "delong": _delong(mean, base, labels),
    }


def _delong(mean: np.ndarray, base: np.ndarray, labels: np.ndarray) -> dict[str, Any] | None:
    """None for more than two classes, and where a class has fewer than two images."""
    if mean.shape[1] != 2 or min(np.bincount(labels, minlength=2)) < 2:
        return None
    return asdict(delong(labels == 1, mean[:, 1], base[:, 1]))
