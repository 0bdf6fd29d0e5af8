import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    balanced_accuracy_score,
    recall_score,
    roc_auc_score,
)

from ganbal.study.weighted_metrics import weighted_metrics, weighted_pr_auc, weighted_roc_auc


@pytest.fixture
def case():
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 60)
    # Rounded, so that there are ties.
    positive = np.round(np.clip(0.3 * labels + random.random(60) * 0.7, 0, 1), 1)
    positive[positive == 0.5] = 0.6
    weights = np.stack([np.ones(60), random.integers(0, 4, 60).astype(float)])
    return labels, np.column_stack([1 - positive, positive]), weights


def test_two_classes_agree_with_scikit_learn_under_every_weighting(case):
    labels, probabilities, weights = case
    found = weighted_metrics(labels, probabilities, weights, ["A", "B"])
    called, score = probabilities.argmax(axis=1), probabilities[:, 1]
    for draw, weight in enumerate(weights):
        expected = {
            "accuracy": accuracy_score(labels, called, sample_weight=weight),
            "balanced_accuracy": balanced_accuracy_score(labels, called, sample_weight=weight),
            "roc_auc": roc_auc_score(labels, score, sample_weight=weight),
            "pr_auc": average_precision_score(labels, score, sample_weight=weight),
            "recall_A": recall_score(labels, called, pos_label=0, sample_weight=weight),
            "recall_B": recall_score(labels, called, pos_label=1, sample_weight=weight),
        }
        assert {name: values[draw] for name, values in found.items()} == pytest.approx(expected)


def test_three_classes_are_averaged_one_against_the_rest():
    random = np.random.default_rng(1)
    labels = random.integers(0, 3, 50)
    probabilities = random.dirichlet(np.ones(3), 50)
    found = weighted_metrics(labels, probabilities, np.ones((1, 50)), ["A", "B", "C"])
    assert found["roc_auc"][0] == pytest.approx(roc_auc_score(labels, probabilities, multi_class="ovr"))
    one_hot = np.eye(3)[labels]
    assert found["pr_auc"][0] == pytest.approx(average_precision_score(one_hot, probabilities, average="macro"))


def test_areas_by_hand():
    positive, scores = np.array([True, False, True]), np.array([0.9, 0.5, 0.5])
    weights = np.ones((1, 3))
    # Pairs: 0.9 above 0.5, and a tie: (1 + 0.5) / 2. Precision 1 at recall 1/2, then 2/3 at recall 1.
    assert weighted_roc_auc(positive, scores, weights)[0] == pytest.approx(0.75)
    assert weighted_pr_auc(positive, scores, weights)[0] == pytest.approx(0.5 + 0.5 * 2 / 3)


def test_a_draw_without_a_class_has_no_value():
    labels, probabilities = np.array([0, 1]), np.array([[0.8, 0.2], [0.1, 0.9]])
    found = weighted_metrics(labels, probabilities, np.array([[2.0, 0.0]]), ["A", "B"])
    assert np.isnan(found["roc_auc"][0]) and np.isnan(found["balanced_accuracy"][0])
    assert found["accuracy"][0] == 1
