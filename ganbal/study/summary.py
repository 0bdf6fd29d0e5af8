"""From the cells' metrics to the study's table, differences and verdict."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ganbal.study.arms import BASELINE
from ganbal.study.cells import Cell
from ganbal.study.statistics import CONFIDENCE, paired_difference

MAIN_METRIC = "balanced_accuracy"
METRICS = ("accuracy", "balanced_accuracy", "roc_auc", "pr_auc")
_NEEDED_SEEDS = 5


def results_table(cells: Iterable[tuple[Cell, dict[str, Any]]], classes: Sequence[str]) -> pd.DataFrame:
    """One row a cell: which one it is, the metrics, precision/recall/F1 of every class, and counts."""
    rows = []
    for cell, metrics in cells:
        row: dict[str, Any] = {
            "arm": cell.arm,
            "dose": math.nan if cell.dose is None else cell.dose,
            "minority_fraction": cell.minority_fraction,
            "classifier": cell.classifier,
            "seed": cell.seed,
        }
        row |= {name: metrics[name] for name in METRICS}
        for name in classes:
            row |= {f"{measure}_{name}": metrics["per_class"][name][measure] for measure in _PER_CLASS}
        row |= {name: metrics[name] for name in ("num_train", "num_train_synthetic", "steps_taken", "best_step")}
        rows.append(row)
    return pd.DataFrame(rows)


Resampled = Mapping[Cell, Mapping[str, np.ndarray]]
"""For every cell and metric, its value in each draw of test patients: (B,) float64."""


def summarise(results: pd.DataFrame, resampled: Resampled, num_patients: int, facts: dict[str, Any]) -> dict[str, Any]:
    """The content of study/summary.json.

    Args:
        results: from `results_table`.
        num_patients: how many different patients the test set has.
        facts: what the numbers alone do not tell (protocol, classes, classifiers, steps, counts, warnings …).
    """
    names = [*METRICS, *(f"recall_{name}" for name in facts["classes"])]
    arms, classifiers = list(results["arm"].unique()), list(results["classifier"].unique())
    differences = [
        _difference(results, resampled, num_patients, classifier, arm, baseline, metric)
        for classifier in classifiers
        for arm in arms
        for baseline in (BASELINE, "duplicated")
        if baseline in arms and arm not in (BASELINE, baseline)
        for metric in names
    ]
    return facts | {
        "arms": arms,
        "baseline_arm": BASELINE,
        "main_metric": MAIN_METRIC,
        "confidence": CONFIDENCE,
        "interval_covers": "other training seeds and other test patients; not another generator or another hospital",
        "interval_method": "the variances over seeds and over draws of test patients with replacement are added; "
        "Student's t with Welch-Satterthwaite degrees of freedom",
        "per_arm": _per_arm(results, names),
        "differences": differences,
        "verdict_sentence": verdict_sentence(differences, facts),
    }


def verdict_sentence(differences: list[dict[str, Any]], facts: dict[str, Any]) -> str:
    """The study's answer about GAN images, one clause a classifier, with interval and number of seeds."""
    clauses = []
    for row in differences:
        if row["arm"] == "gan" and row["baseline"] == BASELINE and row["metric"] == MAIN_METRIC:
            title = next(c["title"] for c in facts["classifiers"] if c["name"] == row["classifier"])
            clauses.append(f"{title}: {_in_words(row)}")
    if not clauses:
        return "The study has no `gan` arm beside the imbalanced one, so it cannot say whether GAN images help."
    return "Adding GAN images — " + "; ".join(clauses) + "."


_PER_CLASS = ("precision", "recall", "f1")


def _in_words(row: dict[str, Any]) -> str:
    change = f"balanced accuracy {100 * row['mean']:+.1f} points"
    if row["low"] is None:
        return f"{change} in a single run, which says nothing: one seed has no interval"
    interval = f"{CONFIDENCE:.0%} interval {100 * row['low']:+.1f} to {100 * row['high']:+.1f}, {row['n']} seeds"
    if row["verdict"] == "no difference found" and row["smallest_detectable"] is None:
        return f"no difference found ({change}, {interval}; nothing varied between trainings: too few steps?)"
    if row["verdict"] == "no difference found":
        return (
            f"no difference found ({change}, {interval}; "
            f"a true effect under {100 * row['smallest_detectable']:.1f} points would likely be missed)"
        )
    return f"{row['verdict']} ({change}, {interval})"


def _difference(
    results: pd.DataFrame,
    resampled: Resampled,
    num_patients: int,
    classifier: str,
    arm: str,
    baseline: str,
    metric: str,
) -> dict[str, Any]:
    row = {"classifier": classifier, "metric": metric, "arm": arm, "baseline": baseline}
    table = results[results["classifier"] == classifier].pivot(index="seed", columns="arm", values=metric)
    pairs = table[[arm, baseline]].dropna()
    if pairs.empty:
        nothing = dict.fromkeys(("mean", "sd", "test_se", "low", "high", "smallest_detectable"))
        return row | nothing | {"n": 0, "verdict": "too few seeds"}
    draws = [
        resampled[Cell(arm, classifier, seed)][metric] - resampled[Cell(baseline, classifier, seed)][metric]
        for seed in pairs.index
    ]
    found = paired_difference(pairs[arm].tolist(), pairs[baseline].tolist(), np.mean(draws, axis=0), num_patients)
    return row | {
        "mean": found.mean,
        "sd": found.sd,
        "test_se": found.test_se,
        "low": found.low,
        "high": found.high,
        "n": found.n,
        "verdict": found.verdict,
        "smallest_detectable": found.detectable,
    }


def _per_arm(results: pd.DataFrame, metrics: Sequence[str]) -> list[dict[str, Any]]:
    rows = []
    for (arm, classifier), group in results.groupby(["arm", "classifier"], sort=False):
        for metric in metrics:
            values = group[metric].dropna().astype(float)
            rows.append(
                {
                    "arm": arm,
                    "classifier": classifier,
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
