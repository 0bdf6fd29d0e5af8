import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    matthews_corrcoef,
    recall_score,
    roc_auc_score,
)

from classifiers.evaluation.metrics import evaluate
from ganbal.study.statistics.weighted_metrics import (
    correlation_coefficient,
    weighted_metrics,
    weighted_pr_auc,
    weighted_roc_auc,
)


@pytest.fixture
def case():
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 60)
    # Rounded, so that there are ties, also at the threshold.
    positive = np.round(np.clip(0.3 * labels + random.random(60) * 0.7, 0, 1), 1)
    weights = np.stack([np.ones(60), random.integers(0, 4, 60).astype(float)])
    return labels, np.column_stack([1 - positive, positive]), weights


def of_predicted_classes(labels, predicted, weight):
    return {
        "accuracy": accuracy_score(labels, predicted, sample_weight=weight),
        "balanced_accuracy": balanced_accuracy_score(labels, predicted, sample_weight=weight),
        "mcc": matthews_corrcoef(labels, predicted, sample_weight=weight),
        "recall_A": recall_score(labels, predicted, pos_label=0, sample_weight=weight),
        "recall_B": recall_score(labels, predicted, pos_label=1, sample_weight=weight),
    }


def calibration_error(labels, score, weight):
    """The definition word by word: one bin after the other."""
    parts = []
    for number in range(10):
        inside = (score >= number / 10) & ((score < (number + 1) / 10) | (number == 9))
        if weight[inside].sum() > 0:
            gap = np.average(score[inside], weights=weight[inside]) - np.average(labels[inside], weights=weight[inside])
            parts.append(abs(gap) * weight[inside].sum())
    return sum(parts) / weight.sum()


def test_two_classes_agree_with_scikit_learn_under_every_weighting(case):
    labels, probabilities, weights = case
    found = weighted_metrics(labels, probabilities, weights, ["A", "B"], 0.35)
    score = probabilities[:, 1]
    for draw, weight in enumerate(weights):
        expected = of_predicted_classes(labels, score >= 0.5, weight) | {
            "roc_auc": roc_auc_score(labels, score, sample_weight=weight),
            "pr_auc": average_precision_score(labels, score, sample_weight=weight),
            "brier": brier_score_loss(labels, score, sample_weight=weight),
        }
        expected |= {
            f"{name}_chosen": value for name, value in of_predicted_classes(labels, score >= 0.35, weight).items()
        }
        values = {name: values[draw] for name, values in found.items()}
        values.pop("ece")
        assert values == pytest.approx(expected)


def test_calibration_error_by_its_definition():
    random = np.random.default_rng(3)
    score, labels = random.random(80), random.integers(0, 2, 80)
    weights = np.stack([np.ones(80), random.integers(0, 4, 80).astype(float)])
    found = weighted_metrics(labels, np.column_stack([1 - score, score]), weights, ["A", "B"])["ece"]
    assert found == pytest.approx([calibration_error(labels, score, weight) for weight in weights])


@pytest.mark.parametrize("classes", [["A", "B"], ["A", "B", "C"]])
def test_equal_weights_give_the_figures_of_a_cell(classes):
    random = np.random.default_rng(len(classes))
    labels = random.integers(0, len(classes), 70)
    probabilities = random.dirichlet(np.ones(len(classes)), 70)
    figures = evaluate(labels, probabilities, classes)
    found = weighted_metrics(labels, probabilities, np.ones((1, 70)), classes)
    for name in ("accuracy", "balanced_accuracy", "roc_auc", "pr_auc", "mcc", "brier", "ece"):
        assert found[name][0] == pytest.approx(figures[name])
    assert found["recall_B"][0] == pytest.approx(figures["per_class"]["B"]["recall"])


def test_without_a_chosen_threshold_there_are_no_figures_at_it(case):
    labels, probabilities, weights = case
    found = weighted_metrics(labels, probabilities, weights, ["A", "B"])
    assert np.isnan(found["mcc_chosen"]).all() and np.isnan(found["recall_A_chosen"]).all()


def test_correlation_coefficient_by_hand():
    # (6·3 - 1·2) / √(7·8·5·4); all predicted the same; all of one class; three classes without one mistake.
    tables = np.array([[[6.0, 1.0], [2.0, 3.0]], [[4.0, 0.0], [3.0, 0.0]], [[4.0, 3.0], [0.0, 0.0]]])
    found = correlation_coefficient(tables)
    assert found[:2] == pytest.approx([16 / 1120**0.5, 0.0])
    assert np.isnan(found[2])
    assert correlation_coefficient(np.diag([1.0, 2.0, 3.0])[None])[0] == pytest.approx(1)


def test_three_classes_are_averaged_one_against_the_rest():
    random = np.random.default_rng(1)
    labels = random.integers(0, 3, 50)
    probabilities = random.dirichlet(np.ones(3), 50)
    found = weighted_metrics(labels, probabilities, np.ones((1, 50)), ["A", "B", "C"])
    assert found["roc_auc"][0] == pytest.approx(roc_auc_score(labels, probabilities, multi_class="ovr"))
    one_hot = np.eye(3)[labels]
    assert found["pr_auc"][0] == pytest.approx(average_precision_score(one_hot, probabilities, average="macro"))
    assert found["mcc"][0] == pytest.approx(matthews_corrcoef(labels, probabilities.argmax(axis=1)))
    assert found["brier"][0] == pytest.approx(((probabilities - one_hot) ** 2).sum(axis=1).mean())
    assert not any(name.endswith("_chosen") for name in found)


def test_areas_by_hand():
    positive, scores = np.array([True, False, True]), np.array([0.9, 0.5, 0.5])
    weights = np.ones((1, 3))
    # Pairs: 0.9 above 0.5, and a tie: (1 + 0.5) / 2. Precision 1 at recall 1/2, then 2/3 at recall 1.
    assert weighted_roc_auc(positive, scores, weights)[0] == pytest.approx(0.75)
    assert weighted_pr_auc(positive, scores, weights)[0] == pytest.approx(0.5 + 0.5 * 2 / 3)


def test_a_bootstrap_sample_without_a_class_has_no_value():
    labels, probabilities = np.array([0, 1]), np.array([[0.8, 0.2], [0.1, 0.9]])
    found = weighted_metrics(labels, probabilities, np.array([[2.0, 0.0]]), ["A", "B"])
    assert np.isnan(found["roc_auc"][0]) and np.isnan(found["balanced_accuracy"][0])
    assert found["accuracy"][0] == 1
