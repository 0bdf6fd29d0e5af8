import math

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, matthews_corrcoef, recall_score

from ganbal.study.cell_metrics import cell_figures, chosen_threshold, compared_metrics, read_chosen_threshold

CLASSES = ("A", "B")


def probabilities(positive):
    return np.column_stack([1 - np.asarray(positive), positive])


def test_threshold_is_chosen_between_the_classes_of_the_validation_images():
    assert chosen_threshold(np.array([0, 0, 1]), probabilities([0.1, 0.2, 0.4])) == pytest.approx(0.3)


def test_no_threshold_without_both_classes_or_with_three():
    assert chosen_threshold(np.array([1, 1]), probabilities([0.1, 0.2])) is None
    assert chosen_threshold(np.array([0, 1, 2]), np.eye(3)) is None


def test_threshold_of_a_finished_cell_comes_from_its_validation_predictions(tmp_path):
    table = {"label": ["A", "A", "B"], "probability_A": [0.9, 0.8, 0.6], "probability_B": [0.1, 0.2, 0.4]}
    pd.DataFrame(table).to_csv(tmp_path / "validation.csv", index=False)
    assert read_chosen_threshold(tmp_path, CLASSES) == pytest.approx(0.3)


def test_figures_at_both_thresholds_are_those_of_scikit_learn():
    random = np.random.default_rng(0)
    labels, score = random.integers(0, 2, 90), random.random(90)
    figures = cell_figures(labels, probabilities(score), CLASSES, 0.3)
    for ending, threshold in (("", 0.5), ("_chosen", 0.3)):
        predicted = score >= threshold
        assert figures[f"accuracy{ending}"] == pytest.approx(accuracy_score(labels, predicted))
        assert figures[f"balanced_accuracy{ending}"] == pytest.approx(balanced_accuracy_score(labels, predicted))
        assert figures[f"mcc{ending}"] == pytest.approx(matthews_corrcoef(labels, predicted))
        assert figures[f"recall_A{ending}"] == pytest.approx(recall_score(labels, predicted, pos_label=0))
        assert figures[f"recall_B{ending}"] == pytest.approx(recall_score(labels, predicted))
    assert figures["threshold_chosen"] == 0.3
    assert set(compared_metrics(CLASSES)) <= set(figures)


def test_figures_that_do_not_exist_are_nan():
    figures = cell_figures(np.array([1, 1]), probabilities([0.4, 0.6]), CLASSES, None)
    for name in ("roc_auc", "pr_auc", "threshold_chosen", "accuracy_chosen", "recall_B_chosen"):
        assert math.isnan(figures[name])


def test_three_classes_have_no_threshold_to_choose():
    figures = cell_figures(np.array([0, 1, 2]), np.eye(3), ("a", "b", "c"), None)
    assert figures["accuracy"] == figures["mcc"] == 1
    names = [*figures, *compared_metrics(("a", "b", "c"))]
    assert not any(name.endswith("_chosen") for name in names)
    assert set(compared_metrics(("a", "b", "c"))) <= set(figures)
