"""From the files of finished cells to results.csv and summary.json."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ganbal.config.study import BASELINE
from ganbal.runtime.shared_text import CHEAP_ALTERNATIVES
from ganbal.study.arms import ARMS
from ganbal.study.cell import Cell
from ganbal.study.cell_metrics import LOWER_IS_BETTER, cell_figures, compared_metrics, read_chosen_threshold
from ganbal.study.cells import TestSet, read_probabilities
from ganbal.study.comparisons import compare_predictions, comparisons
from ganbal.study.statistics.bootstrap import CONFIDENCE, draw_patients, fewest_patients
from ganbal.study.statistics.weighted_metrics import weighted_metrics
from ganbal.study.summary import difference_table, mean_table, results_table
from ganbal.study.verdict import MAIN_METRIC, learned_classifiers, study_verdict, usual_first, verdict_sentence
from ganbal.study.warnings import WarningRecord, study_warnings

PATIENT_DRAWS = 1000
_METHOD = {
    "baseline_arm": BASELINE,
    "alternative_arms": list(CHEAP_ALTERNATIVES),
    "main_metric": MAIN_METRIC,
    "lower_is_better": sorted(LOWER_IS_BETTER),
    "confidence": CONFIDENCE,
    "patient_draws": PATIENT_DRAWS,
    "interval_method": "Student's half-widths for other seeds and for bootstrap samples of test patients, added in "
    "quadrature (Banerjee 1960)",
    "correction_method": "Holm's step-down correction over all comparisons of the same metric and baseline",
}
"""What is the same in every summary."""


@dataclass(frozen=True)
class StudyDescription:
    """What summary.json says beyond the cells' own files.

    Attributes:
        classifiers: `name`, `title`, `image_size_px`, `pretrained` and `augmented_versions` of each.
        seeds: of the cells, ascending.
        steps: the most optimizer steps of a cell.
        num_val: number of validation images.
        arms_left_out: warnings about pairs of arm and classifier that cannot be trained.
        published: published figures of the same systems, from `reproduction.published`; None where not comparable.
    """

    protocol: str
    classifiers: Sequence[Mapping[str, Any]]
    seeds: Sequence[int]
    steps: int
    num_val: int
    arms_left_out: Sequence[WarningRecord] = ()
    published: Mapping[str, Any] | None = None


def aggregate(
    done: Mapping[Cell, Mapping[str, Any]], test: TestSet, root: Path, *, seed: int, study: StudyDescription
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The table of results.csv and the content of summary.json.

    Args:
        done: the content of metrics.json of every cell of the study.
        root: the study's folder, which holds the cells' predictions.
        seed: of the bootstrap samples of test patients.
    """
    labels, classes = test.images.labels, test.classes
    weights = draw_patients(test.patients, PATIENT_DRAWS, np.random.default_rng(seed))
    probabilities, figures, resampled = {}, {}, {}
    for cell in done:
        folder = cell.folder(root)
        probabilities[cell] = read_probabilities(folder, test)
        threshold = read_chosen_threshold(folder, classes)
        figures[cell] = cell_figures(labels, probabilities[cell], classes, threshold)
        resampled[cell] = weighted_metrics(labels, probabilities[cell], weights, classes, threshold)
    summary = summarize(figures, resampled, done, labels, test.patients, classes, study)
    summary["pairs"] = compare_predictions(comparisons(done), probabilities, labels)
    return results_table(figures, done), summary


def summarize(
    figures: Mapping[Cell, Mapping[str, float]],
    resampled: Mapping[Cell, Mapping[str, np.ndarray]],
    done: Mapping[Cell, Mapping[str, Any]],
    labels: np.ndarray,
    patients: Sequence[str],
    classes: Sequence[str],
    study: StudyDescription,
) -> dict[str, Any]:
    """The content of summary.json except `pairs`.

    Args:
        figures: the metrics of every cell.
        resampled: the same per bootstrap sample of test patients, (B,) each.
        done: the content of metrics.json of every cell.
        labels, patients: label and patient of each test image.
    """
    rarest, num_patients = fewest_patients(labels, patients, len(classes))
    metrics = _known_metrics(figures, classes)
    differences = difference_table(
        comparisons(figures), metrics, figures, resampled, num_classes=len(classes), num_patients=num_patients
    )
    verdict = study_verdict(
        differences,
        study.classifiers,
        learned=learned_classifiers(figures, resampled, num_classes=len(classes), num_patients=num_patients),
        num_classes=len(classes),
    )
    arms = list(dict.fromkeys(cell.arm for cell in figures))
    warnings = study_warnings(
        num_seeds=len(study.seeds),
        protocol=study.protocol,
        classifiers=study.classifiers,
        rarest_class=(classes[rarest], int((labels == rarest).sum()), num_patients),
        differences=differences,
        devices=Counter(str(done[cell].get("device")) for cell in figures),
    )
    return {
        "protocol": study.protocol,
        "classifiers": list(study.classifiers),
        "seeds": list(study.seeds),
        "steps": study.steps,
        "num_val": study.num_val,
        "warnings": [*warnings, *study.arms_left_out],
        "classes": list(classes),
        "positive_class": classes[1] if len(classes) == 2 else None,
        "num_test": len(patients),
        "num_test_patients": len(set(patients)),
        "arms": arms,
        "arm_titles": {name: ARMS[name].title for name in arms},
        "usual_conditions": _usual_conditions(figures),
        "interval_covers": ["seeds", "patients"] if num_patients > 1 else ["seeds"],
        **_METHOD,
        "per_arm": mean_table(figures, metrics),
        "differences": differences,
        "verdict": verdict,
        "verdict_sentence": verdict_sentence(verdict, differences, study.classifiers),
        "published": study.published,
    }


def _known_metrics(figures: Mapping[Cell, Mapping[str, float]], classes: Sequence[str]) -> list[str]:
    """The metrics that at least one cell has."""
    return [
        name for name in compared_metrics(classes) if not all(math.isnan(of_cell[name]) for of_cell in figures.values())
    ]


def _usual_conditions(figures: Mapping[Cell, Any]) -> dict[str, dict[str, float | None]]:
    """For every arm the condition that stands for it: the whole minority class and the ratio nearest to 1."""
    found: dict[str, dict[str, float | None]] = {}
    for cell in figures:
        condition = {"synthetic_ratio": cell.synthetic_ratio, "minority_fraction": cell.minority_fraction}
        found[cell.arm] = min(found.get(cell.arm, condition), condition, key=usual_first)
    return found
