"""What synthetic images change in a published system: its accuracy on the balanced minus that on the original set."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ganbal.config.study import BASELINE
from ganbal.reproduction.published import Published
from ganbal.study.aggregate import PATIENT_DRAWS
from ganbal.study.cell import Cell
from ganbal.study.cell_metrics import cell_figures
from ganbal.study.cells import TestSet
from ganbal.study.comparisons import comparisons
from ganbal.study.statistics.bootstrap import draw_patients, fewest_patients
from ganbal.study.statistics.weighted_metrics import weighted_metrics
from ganbal.study.summary import difference_table

METRICS = ("accuracy", "balanced_accuracy", "roc_auc")

Predictions = Mapping[Cell, np.ndarray]
"""Test predictions (N, K) of every cell of a system and protocol."""


def balancing_differences(
    original: Predictions, balanced: Predictions, test: TestSet, seed: int
) -> list[dict[str, Any]]:
    """One row per metric, paired by the seeds that both have, as in `differences` of a study's summary.json.

    Args:
        original: of the arm `imbalanced`.
        seed: of the bootstrap samples of test patients.
    """
    labels, classes = test.images.labels, test.classes
    weights = draw_patients(test.patients, PATIENT_DRAWS, np.random.default_rng(seed))
    figures, resampled = {}, {}
    for cell, probabilities in [*original.items(), *balanced.items()]:
        figures[cell] = cell_figures(labels, probabilities, classes, None)
        resampled[cell] = weighted_metrics(labels, probabilities, weights, classes, None)
    compared = [comparison for comparison in comparisons(figures) if comparison.baseline == BASELINE]
    _, num_patients = fewest_patients(labels, test.patients, len(classes))
    return difference_table(compared, METRICS, figures, resampled, num_classes=len(classes), num_patients=num_patients)


def published_difference(original: Published, balanced: Published) -> float | None:
    """The published accuracy on the balanced set minus that on the original set; None where one is unknown."""
    if original.accuracy is None or balanced.accuracy is None:
        return None
    return balanced.accuracy - original.accuracy
