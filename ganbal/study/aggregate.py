"""From the files of finished cells to the study's table and summary."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ganbal.study.cell_metrics import cell_figures, read_chosen_threshold
from ganbal.study.cells import Cell, TestSet, read_probabilities
from ganbal.study.comparisons import comparisons
from ganbal.study.statistics.bootstrap import draw_patients
from ganbal.study.statistics.paired_predictions import compare_pairs
from ganbal.study.statistics.weighted_metrics import weighted_metrics
from ganbal.study.summary import results_table, summarise

PATIENT_DRAWS = 1000


def conclude(
    done: Mapping[Cell, Mapping[str, Any]], test: TestSet, root: Path, *, seed: int, facts: dict[str, Any]
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """results.csv's table and summary.json's content.

    Args:
        done: every cell of the study and its metrics.json, of which the counts are taken.
        root: the study's folder, where the cells' predictions are.
        seed: of the draws of test patients.
        facts: what the cells do not tell (protocol, classifiers, steps, warnings …).
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
    num_patients = len(set(test.patients))
    facts = facts | {
        "classes": list(classes),
        "positive_class": classes[1] if len(classes) == 2 else None,
        "num_test": len(labels),
        "num_test_patients": num_patients,
        "patient_draws": PATIENT_DRAWS,
    }
    summary = summarise(figures, resampled, num_patients, facts)
    summary["pairs"] = compare_pairs(comparisons(done), probabilities, labels)
    return results_table(figures, done), summary
