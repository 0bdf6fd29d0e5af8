"""Tables of a study: one row per cell, mean per arm, paired differences with interval and verdict."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ganbal.study.cell import Cell
from ganbal.study.cell_metrics import LOWER_IS_BETTER, metric_width
from ganbal.study.comparisons import Comparison
from ganbal.study.statistics.bootstrap import Difference, paired_difference
from ganbal.study.statistics.holm import holm
from ganbal.study.verdict import SIGNIFICANCE, verdict_of

_COUNTS = ("num_train", "num_train_synthetic", "steps_taken", "best_step")
_NUMBERS = ("mean", "sd", "test_se", "low", "high", "p_value", "smallest_detectable", "seeds_needed")

Figures = Mapping[Cell, Mapping[str, float]]
"""The metrics of every cell, from `cell_metrics.cell_figures`."""
Resampled = Mapping[Cell, Mapping[str, np.ndarray]]
"""The value of every metric of every cell in each bootstrap sample of test patients: (B,) float64."""


def results_table(figures: Figures, counts: Mapping[Cell, Mapping[str, Any]]) -> pd.DataFrame:
    """results.csv: one row per cell with its names, its metrics, and the counts in its metrics.json."""
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


def mean_table(figures: Figures, metrics: Sequence[str]) -> list[dict[str, Any]]:
    """`per_arm` of summary.json: mean and standard deviation over seeds, per arm, condition, classifier and metric."""
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


def difference_table(
    compared: Sequence[Comparison],
    metrics: Sequence[str],
    figures: Figures,
    resampled: Resampled,
    *,
    num_classes: int,
    num_patients: int,
) -> list[dict[str, Any]]:
    """`differences` of summary.json: one row per comparison and metric, with corrected p-values and verdicts.

    `low` and `high` are clipped to what the metric allows; `is_informative` is False for such rows. With one test
    patient in a class `test_se` is None: the interval covers other seeds only.

    Args:
        num_patients: number of different patients in the test images of the class that has the fewest.
    """
    found = [
        _difference(comparison, metric, figures, resampled, num_classes, num_patients)
        for comparison in compared
        for metric in metrics
    ]
    _correct(found)
    return [row for row, _ in found]


def _difference(
    comparison: Comparison,
    metric: str,
    figures: Figures,
    resampled: Resampled,
    num_classes: int,
    num_patients: int,
) -> tuple[dict[str, Any], Difference | None]:
    """A row without what depends on the other rows, and what it was made from."""
    row: dict[str, Any] = {
        "classifier": comparison.classifier,
        "metric": metric,
        "better": "lower" if metric in LOWER_IS_BETTER else "higher",
        **comparison.names(),
    }
    pairs = [pair for pair in comparison.pairs if not any(math.isnan(figures[cell][metric]) for cell in pair)]
    if not pairs:
        return row | dict.fromkeys(_NUMBERS) | {"n": 0, "is_informative": True}, None
    values, baseline = ([figures[pair[side]][metric] for pair in pairs] for side in (0, 1))
    draws = np.mean([resampled[cell][metric] - resampled[base][metric] for cell, base in pairs], axis=0)
    found = paired_difference(values, baseline, draws, num_patients)
    width = metric_width(metric, num_classes)
    row |= {
        "mean": found.mean,
        "sd": found.sd,
        "test_se": found.test_se if num_patients > 1 else None,
        "low": None if found.low is None else max(found.low, -width),
        "high": None if found.high is None else min(found.high, width),
        "n": found.n,
        "p_value": found.p_value,
        "is_informative": found.low is None or found.high is None or (found.low >= -width and found.high <= width),
    }
    return row, found


def _correct(found: Sequence[tuple[dict[str, Any], Difference | None]]) -> None:
    """Give every row its corrected p-value, the size of its family, the verdict that follows, and what the comparison
    could detect: with Holm's first step, which is the largest correction that a comparison may need."""
    for metric, baseline in {(row["metric"], row["baseline"]) for row, _ in found}:
        family = [entry for entry in found if (entry[0]["metric"], entry[0]["baseline"]) == (metric, baseline)]
        corrected = holm([row["p_value"] for row, _ in family])
        size = sum(p_holm is not None for p_holm in corrected)
        for (row, difference), p_holm in zip(family, corrected, strict=True):
            row["p_holm"], row["family_size"] = p_holm, size
            if difference is not None:
                row["smallest_detectable"] = difference.smallest_detectable(SIGNIFICANCE / max(size, 1))
                row["seeds_needed"] = difference.seeds_needed(SIGNIFICANCE / max(size, 1))
            row["verdict"] = verdict_of(row["mean"], p_holm, lower_is_better=row["better"] == "lower")
