"""The study as the report's sections see it: names, orders and numbers from several files."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ganbal.report.conditions import Condition, condition_of
from ganbal.report.metric_names import known_metrics, metric_title
from ganbal.report.page import Tone
from ganbal.report.run_reader import CellFiles, RunFiles

VERDICT_TONES: dict[str | None, Tone] = {"helps": "good", "hurts": "bad", "too few seeds": "caution"}
_ARM_COLORS = ("ochre", "violet", "green", "rose", "blue", "brown", "olive", "steel")
GAN_ARM = "gan"
"""The arm that the study's question is about."""


@dataclass(frozen=True)
class StudyView:
    """Read-only view of study/summary.json, results.csv and the cells.

    Where a study has several ratios or minority fractions, methods use the usual condition of an arm unless their
    documentation says otherwise.
    """

    run: RunFiles
    summary: dict[str, Any]

    @property
    def arms(self) -> list[str]:
        return list(self.summary["arms"])

    @property
    def baseline(self) -> str:
        return str(self.summary["baseline_arm"] or "imbalanced")

    @property
    def alternatives(self) -> list[str]:
        """The arms without synthetic images that others are compared with, the baseline apart."""
        compared = self.other_baselines()
        return [arm for arm in self.summary["alternative_arms"] if arm in compared]

    @property
    def other_arms(self) -> list[str]:
        return [arm for arm in self.arms if arm != self.baseline]

    @functools.cached_property
    def classifiers(self) -> list[dict[str, Any]]:
        """Each with a `name` and a `title`."""
        return [model | {"title": model["title"] or model["name"]} for model in self.summary["classifiers"]]

    @property
    def seeds(self) -> list[int]:
        return [int(seed) for seed in self.summary["seeds"]]

    @property
    def main_metric(self) -> str:
        return str(self.summary["main_metric"] or "balanced_accuracy")

    @property
    def confidence(self) -> str:
        return f"{100 * float(self.summary['confidence'] or 0.95):g} %"

    @property
    def significance(self) -> str:
        """The largest p-value with which a difference counts as found."""
        return f"{1 - float(self.summary['confidence'] or 0.95):.2g}"

    @property
    def interval_covers(self) -> str:
        """What the intervals account for, in words."""
        covered = self.summary["interval_covers"] or ["seeds"]
        if "patients" in covered:
            return "other training seeds and other test patients; not another generator or another hospital"
        return "other training seeds; not other test patients, another generator or another hospital"

    @property
    def classes(self) -> list[str]:
        return list(self.summary["classes"] or self.run.classes)

    @property
    def positive_class(self) -> str | None:
        """The class whose probability thresholds apply to; None where there are more than two classes."""
        return self.summary["positive_class"]

    @property
    def curve_class(self) -> str | None:
        """The class of ROC, precision-recall and reliability curves: the positive one, or the minority class."""
        named = self.positive_class or (self.run.data or {}).get("minority_class")
        if named is not None:
            return str(named)
        return self.classes[0] if self.classes else None

    @property
    def positive_words(self) -> str:
        """To stand wherever a threshold, a matrix or an area depends on it; empty for more than two classes."""
        return f" The positive class is {self.positive_class}." if self.positive_class else ""

    @functools.cached_property
    def compared_metrics(self) -> list[str]:
        """The metrics that have differences: the main one first, then as the report orders them."""
        found = list(dict.fromkeys(row["metric"] for row in self.summary["differences"]))
        order = [self.main_metric, *known_metrics(self.classes)]
        return sorted(found, key=lambda name: order.index(name) if name in order else len(order))

    @functools.cached_property
    def usual(self) -> dict[str, Condition]:
        """The condition that represents each arm in tables and figures of single arms."""
        return {arm: condition_of(row) for arm, row in self.summary["usual_conditions"].items()}

    def is_usual(self, arm: str, condition: Condition) -> bool:
        return condition == self.usual.get(arm, Condition())

    @property
    def fraction_of_answer(self) -> float:
        """The share of the minority class's training images that the study's answer is about."""
        answers = self.summary["verdict"]["answers"]
        return max((float(answer["minority_fraction"] or 1.0) for answer in answers), default=1.0)

    def holds(self, metric: str) -> bool:
        """Whether the summary or results.csv has this metric at all."""
        return any(row["metric"] == metric for row in self.summary["per_arm"]) or (
            self.run.results is not None and metric in self.run.results.columns
        )

    def metric_title(self, metric: str) -> str:
        return metric_title(metric, self.classes, self.summary["lower_is_better"])

    def arm_title(self, arm: str) -> str:
        return str(self.summary["arm_titles"].get(arm, ""))

    def arm_color(self, arm: str) -> str:
        """A different color name for every arm, as long as there are enough."""
        fixed = {self.baseline: "slate", GAN_ARM: "teal"}
        others = [name for name in self.arms if name not in fixed]
        return fixed[arm] if arm in fixed else _ARM_COLORS[others.index(arm) % len(_ARM_COLORS)]

    def mean(self, arm: str, classifier: str, metric: str) -> tuple[float | None, float | None, int]:
        """Mean and standard deviation over seeds, and their number; from results.csv where the summary lacks them."""
        for row in self.summary["per_arm"]:
            is_wanted = (row["arm"], row["classifier"], row["metric"]) == (arm, classifier, metric)
            if is_wanted and self.is_usual(arm, condition_of(row)):
                return row["mean"], row["sd"], int(row["n"] or 0)
        return _mean(self._results_of(arm, classifier), metric)

    def results_mean(self, arm: str, column: str) -> float | None:
        """Mean of a column of results.csv over the seeds of the first classifier that has the arm."""
        means = (_mean(self._results_of(arm, model["name"]), column)[0] for model in self.classifiers)
        return next((mean for mean in means if mean is not None), None)

    def difference(self, classifier: str, arm: str, metric: str, baseline: str | None = None) -> dict[str, Any] | None:
        """The row of one comparison; None where the study does not have it."""
        rows = self.differences(classifier, baseline)
        return next((row for row in rows if (row["arm"], row["metric"]) == (arm, metric)), None)

    def differences(self, classifier: str, baseline: str | None = None) -> list[dict[str, Any]]:
        """Rows of the summary for one classifier, against the baseline arm unless another is named."""
        rows = self.all_differences(classifier, baseline)
        return [row for row in rows if self.is_usual(row["arm"], condition_of(row))]

    def all_differences(self, classifier: str, baseline: str | None = None) -> list[dict[str, Any]]:
        """The same at every ratio and every fraction of the minority class."""
        wanted = classifier, baseline or self.baseline
        return [row for row in self.summary["differences"] if (row["classifier"], row["baseline"]) == wanted]

    def other_baselines(self) -> list[str]:
        """Arms besides the baseline that others are compared with."""
        named = dict.fromkeys(row["baseline"] for row in self.summary["differences"])
        return [name for name in named if name != self.baseline]

    def cells(self, classifier: str, arm: str) -> list[CellFiles]:
        """The cells of this study only: a folder may hold cells of seeds that an earlier study had."""
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
                is_class = (cell.predictions["label"] == class_name).to_numpy(dtype=bool)
                probability = pd.to_numeric(cell.predictions[column], errors="coerce").to_numpy(dtype=float)
                is_possible = bool(((probability >= 0) & (probability <= 1)).all())
                if is_class.any() and not is_class.all() and is_possible:
                    found.append((is_class, probability))
        return found

    def _results_of(self, arm: str, classifier: str) -> pd.DataFrame | None:
        results = self.run.results
        if results is None:
            return None
        found = results[(results["arm"] == arm) & (results["classifier"] == classifier)]
        return found[[self.is_usual(arm, condition_of(row)) for row in found.to_dict("records")]]


def study_view(run: RunFiles) -> StudyView | None:
    """The study of a run, None where there is no summary yet."""
    return StudyView(run, dict(run.summary)) if run.summary else None


def _mean(rows: pd.DataFrame | None, column: str) -> tuple[float | None, float | None, int]:
    if rows is None or column not in rows.columns:
        return None, None, 0
    numbers = pd.to_numeric(rows[column], errors="coerce").replace([np.inf, -np.inf], np.nan).dropna()
    values: Sequence[float] = numbers.to_numpy(dtype=float).tolist()
    if not values:
        return None, None, 0
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else None, len(values)
