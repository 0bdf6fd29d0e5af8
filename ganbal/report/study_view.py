"""The study as the report's sections look at it: names, orders and numbers drawn from several files."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ganbal.report.conditions import Condition, condition_of, usual_conditions
from ganbal.report.metric_names import known_metrics, metric_title
from ganbal.report.run_reader import Cell, RunFiles

_ARM_COLOURS = ("ochre", "violet", "green", "rose", "blue", "brown", "olive", "steel")
_ARM_TITLES = {
    "imbalanced": "real images as they are",
    "class-weights": "real images, the loss weighted by class",
    "sampler": "real images, drawn so that every class comes equally often",
    "duplicated": "real images, and copies of those of smaller classes",
    "augmented": "real images, and classically augmented ones of smaller classes",
    "smote": "real images, and interpolations between the features of those of smaller classes",
    "undersampled": "real images, larger classes cut down to the smallest",
    "gan": "real images and synthetic ones",
    "gan+augmented": "real images, synthetic ones and classically augmented ones",
    "gan-both": "real images, and synthetic ones of every class",
}


@dataclass(frozen=True)
class StudyView:
    """Read-only view of study/summary.json, results.csv and the cells.

    Where a study has several ratios or minority fractions, an arm stands for its usual condition unless a name here
    says otherwise.
    """

    run: RunFiles
    summary: dict[str, Any]

    @property
    def arms(self) -> list[str]:
        return list(self.summary["arms"])

    @property
    def baseline(self) -> str:
        return str(self.summary.get("baseline_arm") or "imbalanced")

    @property
    def other_arms(self) -> list[str]:
        return [arm for arm in self.arms if arm != self.baseline]

    @property
    def classifiers(self) -> list[dict[str, Any]]:
        return list(self.summary["classifiers"])

    @property
    def seeds(self) -> list[int]:
        return list(self.summary["seeds"])

    @property
    def main_metric(self) -> str:
        return str(self.summary.get("main_metric") or "balanced_accuracy")

    @property
    def confidence(self) -> str:
        return f"{100 * float(self.summary.get('confidence') or 0.95):g} %"

    @property
    def interval_covers(self) -> str:
        """What the intervals account for, in words."""
        return interval_covers(self.summary)

    @property
    def classes(self) -> list[str]:
        return [str(name) for name in self.summary.get("classes") or self.run.classes]

    @property
    def curve_class(self) -> str | None:
        """The class whose ROC, PR and reliability curves are drawn: the positive one, or the minority class."""
        named = self.summary.get("positive_class") or (self.run.data or {}).get("minority_class")
        if named is not None:
            return str(named)
        return self.classes[0] if self.classes else None

    @functools.cached_property
    def compared_metrics(self) -> list[str]:
        """The metrics that have differences: the main one first, then as the summary gives them."""
        found = list(dict.fromkeys(row["metric"] for row in self.summary["differences"]))
        return sorted(found, key=lambda name: name != self.main_metric)

    @functools.cached_property
    def table_metrics(self) -> list[str]:
        """What the table of arms shows: everything that results.csv or the summary holds."""
        return [name for name in known_metrics(self.classes) if self.holds(name)]

    @functools.cached_property
    def usual(self) -> dict[str, Condition]:
        """For every arm the condition it stands for."""
        return usual_conditions([*self.summary["per_arm"], *self.summary["differences"]])

    def is_usual(self, arm: str, condition: Condition) -> bool:
        return condition == self.usual.get(arm, Condition())

    def holds(self, metric: str) -> bool:
        """Whether the summary or results.csv has this measure at all."""
        return any(row["metric"] == metric for row in self.summary["per_arm"]) or (
            self.run.results is not None and metric in self.run.results.columns
        )

    def metric_title(self, metric: str) -> str:
        return metric_title(metric, self.classes)

    def arm_meaning(self, arm: str) -> str:
        return _ARM_TITLES.get(arm, "")

    def arm_colour(self, arm: str) -> str:
        """A colour name of its own for every arm, as far as they reach."""
        fixed = {self.baseline: "slate", "gan": "teal"}
        others = [name for name in self.arms if name not in fixed]
        return fixed[arm] if arm in fixed else _ARM_COLOURS[others.index(arm) % len(_ARM_COLOURS)]

    def mean(self, arm: str, classifier: str, metric: str) -> tuple[float | None, float | None, int]:
        """Mean and standard deviation over seeds, and their number; from results.csv where the summary is silent."""
        for row in self.summary["per_arm"]:
            is_wanted = (row["arm"], row["classifier"], row["metric"]) == (arm, classifier, metric)
            if is_wanted and self.is_usual(arm, condition_of(row)):
                return row["mean"], row["sd"], row["n"]
        return _mean(self._results_of(arm, classifier), metric)

    def results_mean(self, arm: str, classifier: str, column: str) -> float | None:
        """Mean over seeds of a column of results.csv."""
        return _mean(self._results_of(arm, classifier), column)[0]

    def differences(self, classifier: str, baseline: str | None = None) -> list[dict[str, Any]]:
        """Rows of the summary for one classifier, against the baseline arm unless another is named."""
        rows = self.all_differences(classifier, baseline)
        return [row for row in rows if self.is_usual(str(row["arm"]), condition_of(row))]

    def all_differences(self, classifier: str, baseline: str | None = None) -> list[dict[str, Any]]:
        """The same with every ratio and every fraction of the minority class."""
        wanted = baseline or self.baseline
        return [
            row
            for row in self.summary["differences"]
            if row["classifier"] == classifier and row.get("baseline", self.baseline) == wanted
        ]

    def other_baselines(self) -> list[str]:
        """Arms besides the baseline that differences are told to."""
        named = dict.fromkeys(str(row.get("baseline", self.baseline)) for row in self.summary["differences"])
        return [name for name in named if name != self.baseline]

    def cells(self, classifier: str, arm: str) -> list[Cell]:
        """The cells of this study only: a folder may hold those of seeds that are no longer asked for."""
        wanted = set(self.seeds)
        return [
            cell
            for cell in self.run.cells
            if (cell.classifier, cell.arm) == (classifier, arm)
            and cell.seed in wanted
            and self.is_usual(arm, cell.condition)
        ]

    def predictions(self, classifier: str, arm: str, class_name: str) -> list[tuple[np.ndarray, np.ndarray]]:
        """For every cell: whether each test image is of the class, (N,) bool, and its probability, (N,) float."""
        column, found = f"probability_{class_name}", []
        for cell in self.cells(classifier, arm):
            if cell.predictions is not None and column in cell.predictions.columns:
                is_class = (cell.predictions["label"] == class_name).to_numpy()
                probability = cell.predictions[column].to_numpy(dtype=float)
                if is_class.any() and not is_class.all() and np.isfinite(probability).all():
                    found.append((is_class, probability))
        return found

    def _results_of(self, arm: str, classifier: str) -> pd.DataFrame | None:
        results = self.run.results
        if results is None:
            return None
        found = results[(results["arm"] == arm) & (results["classifier"] == classifier)]
        return found[[self.is_usual(arm, condition_of(row)) for row in found.to_dict("records")]]


def interval_covers(summary: Mapping[str, Any]) -> str:
    """What the intervals of a study account for, in words."""
    if summary.get("interval_covers") == ["seeds"]:
        return "other training seeds; not other test patients, another generator or another hospital"
    return "other training seeds and other test patients; not another generator or another hospital"


def study_view(run: RunFiles) -> StudyView | None:
    """The study of a run, None where there is no summary yet."""
    return StudyView(run, dict(run.summary)) if run.summary else None


def _mean(rows: pd.DataFrame | None, column: str) -> tuple[float | None, float | None, int]:
    if rows is None or column not in rows.columns:
        return None, None, 0
    values: Sequence[float] = pd.to_numeric(rows[column], errors="coerce").dropna().to_numpy(dtype=float).tolist()
    if not values:
        return None, None, 0
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else None, len(values)
