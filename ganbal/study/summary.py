"""From the cells' figures to the study's table, differences and verdict."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ganbal.study.arms import BASELINE
from ganbal.study.cell_metrics import LOWER_IS_BETTER, compared_metrics
from ganbal.study.cells import Cell
from ganbal.study.comparisons import CONTROL, Comparison, comparisons
from ganbal.study.statistics.bootstrap import CONFIDENCE, paired_difference
from ganbal.study.statistics.holm import holm
from ganbal.study.verdict import MAIN_METRIC, verdict, verdict_sentence

_NEEDED_SEEDS = 5
_COUNTS = ("num_train", "num_train_synthetic", "steps_taken", "best_step")

Figures = Mapping[Cell, Mapping[str, float]]
"""For every cell its metrics, from `cell_metrics.cell_figures`."""
Resampled = Mapping[Cell, Mapping[str, np.ndarray]]
"""For every cell and metric, its value in each draw of test patients: (B,) float64."""


def results_table(figures: Figures, counts: Mapping[Cell, Mapping[str, Any]]) -> pd.DataFrame:
    """One row a cell: which one it is, its metrics, and the counts among what its metrics.json tells."""
    return pd.DataFrame(
        [
            {
                "arm": cell.arm,
                "synthetic_ratio": math.nan if cell.synthetic_ratio is None else cell.synthetic_ratio,
                "minority_fraction": cell.minority_fraction,
                "classifier": cell.classifier,
                "seed": cell.seed,
                **of_cell,
                **{name: counts[cell][name] for name in _COUNTS},
            }
            for cell, of_cell in figures.items()
        ]
    )


def summarise(figures: Figures, resampled: Resampled, num_patients: int, facts: dict[str, Any]) -> dict[str, Any]:
    """The content of study/summary.json but for `pairs`.

    Args:
        num_patients: how many different patients the test set has.
        facts: what the numbers alone do not tell (protocol, classes, classifiers, steps, counts, warnings …).
    """
    metrics = [
        name
        for name in compared_metrics(facts["classes"])
        if not all(math.isnan(of_cell[name]) for of_cell in figures.values())
    ]
    differences = [
        _difference(comparison, metric, figures, resampled, num_patients)
        for comparison in comparisons(figures)
        for metric in metrics
    ]
    _correct(differences)
    return facts | {
        "arms": list(dict.fromkeys(cell.arm for cell in figures)),
        "baseline_arm": BASELINE,
        "control_arm": CONTROL,
        "main_metric": MAIN_METRIC,
        "confidence": CONFIDENCE,
        "interval_covers": "other training seeds and other test patients; not another generator or another hospital",
        "interval_method": "Student's half-widths for other seeds and for draws of test patients with replacement are "
        "added as squares (Banerjee 1960)",
        "correction_method": "Holm's step-down correction over all comparisons of the same metric and baseline",
        "per_arm": _per_arm(figures, metrics),
        "differences": differences,
        "verdict_sentence": verdict_sentence(differences, facts),
    }


def _difference(
    comparison: Comparison, metric: str, figures: Figures, resampled: Resampled, num_patients: int
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "classifier": comparison.classifier,
        "metric": metric,
        "better": "lower" if metric in LOWER_IS_BETTER else "higher",
        "arm": comparison.arm,
        "synthetic_ratio": comparison.synthetic_ratio,
        "minority_fraction": comparison.minority_fraction,
        "baseline": comparison.baseline,
    }
    pairs = [pair for pair in comparison.pairs if not any(math.isnan(figures[cell][metric]) for cell in pair)]
    if not pairs:
        names = ("mean", "sd", "test_se", "low", "high", "p_value", "smallest_detectable", "seeds_needed")
        return row | dict.fromkeys(names) | {"n": 0}
    values, baseline = ([figures[pair[side]][metric] for pair in pairs] for side in (0, 1))
    draws = np.mean([resampled[cell][metric] - resampled[base][metric] for cell, base in pairs], axis=0)
    found = paired_difference(values, baseline, draws, num_patients)
    return row | {
        "mean": found.mean,
        "sd": found.sd,
        "test_se": found.test_se,
        "low": found.low,
        "high": found.high,
        "n": found.n,
        "p_value": found.p_value,
        "smallest_detectable": found.detectable,
        "seeds_needed": found.seeds_needed,
    }


def _correct(differences: Sequence[dict[str, Any]]) -> None:
    """Give every row its corrected p-value, the size of its family and the verdict that follows."""
    for metric, baseline in {(row["metric"], row["baseline"]) for row in differences}:
        family = [row for row in differences if (row["metric"], row["baseline"]) == (metric, baseline)]
        corrected = holm([row["p_value"] for row in family])
        for row, p_holm in zip(family, corrected, strict=True):
            row["p_holm"] = p_holm
            row["family_size"] = sum(other is not None for other in corrected)
            row["verdict"] = verdict(row["mean"], p_holm, lower_is_better=row["better"] == "lower")


def _per_arm(figures: Figures, metrics: Sequence[str]) -> list[dict[str, Any]]:
    groups: dict[Cell, list[Cell]] = {}
    for cell in figures:
        groups.setdefault(replace(cell, seed=0), []).append(cell)
    rows = []
    for first, cells in groups.items():
        for metric in metrics:
            values = np.array([figures[cell][metric] for cell in cells], dtype=np.float64)
            values = values[~np.isnan(values)]
            rows.append(
                {
                    "arm": first.arm,
                    "synthetic_ratio": first.synthetic_ratio,
                    "minority_fraction": first.minority_fraction,
                    "classifier": first.classifier,
                    "metric": metric,
                    "mean": float(values.mean()) if len(values) else None,
                    "sd": float(values.std(ddof=1)) if len(values) > 1 else None,
                    "n": len(values),
                }
            )
    return rows


def study_warnings(seeds: int, protocol: str, classifiers: Sequence[dict[str, Any]]) -> list[str]:
    """What a reader has to know before believing the study."""
    warnings = []
    if seeds < _NEEDED_SEEDS:
        warnings.append(
            f"Only {seeds} seed{'s' if seeds > 1 else ''} a cell: differences of a few points between single runs are "
            f"chance here. Use at least {_NEEDED_SEEDS} (study.seeds)."
        )
    if protocol == "documents":
        warnings.append(
            "Protocol `documents`: training was stopped by looking at the test set, as the published reports did. "
            "Its figures flatter every arm and are no estimate for new patients."
        )
    warnings += [
        f"{classifier['title']} is not pretrained: its frozen layers are random (weights: none)."
        for classifier in classifiers
        if classifier["pretrained"] == "none"
    ]
    return warnings
