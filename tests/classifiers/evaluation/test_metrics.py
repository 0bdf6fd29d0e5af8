import warnings

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, classification_report, matthews_corrcoef

from classifiers.evaluation.metrics import confusion_matrix, evaluate

NAMES = ("NORMAL", "PNEUMONIA")


def from_table(matrix):
    """Labels and hard probabilities of a binary confusion matrix [[TN, FP], [FN, TP]]."""
    labels = np.repeat([0, 0, 1, 1], np.ravel(matrix))
    predicted = np.repeat([0, 1, 0, 1], np.ravel(matrix))
    return labels, np.stack([1 - predicted, predicted], axis=1).astype(np.float32)


def test_the_published_table_of_the_baseline_network():
    # [[180, 54], [10, 380]]: the report prints .95 .77 .85 / .88 .97 .92, accuracy .90, macro recall .87.
    metrics = evaluate(*from_table([[180, 54], [10, 380]]), NAMES)
    normal, pneumonia = metrics["per_class"]["NORMAL"], metrics["per_class"]["PNEUMONIA"]
    assert [round(normal[name], 2) for name in ("precision", "recall", "f1")] == [0.95, 0.77, 0.85]
    assert [round(pneumonia[name], 2) for name in ("precision", "recall", "f1")] == [0.88, 0.97, 0.92]
    assert (normal["support"], pneumonia["support"]) == (234, 390)
    assert metrics["accuracy"] == pytest.approx(560 / 624)
    assert metrics["balanced_accuracy"] == pytest.approx((180 / 234 + 380 / 390) / 2)
    assert metrics["confusion_matrix"] == [[180, 54], [10, 380]]
    assert metrics["threshold"] == 0.5


def test_areas_worked_out_by_hand():
    # Positives at .9 and .4, negatives at .6 and .1: three of four pairs are in order. Precision is 1 at the first
    # positive and 2/3 at the second.
    positive = np.array([0.9, 0.6, 0.4, 0.1])
    metrics = evaluate(np.array([1, 0, 1, 0]), np.stack([1 - positive, positive], axis=1), NAMES)
    assert metrics["roc_auc"] == pytest.approx(0.75)
    assert metrics["pr_auc"] == pytest.approx((1 + 2 / 3) / 2)


def test_a_probability_at_the_threshold_counts_as_positive():
    probabilities = np.array([[0.5, 0.5], [0.3, 0.7]])
    assert evaluate(np.array([1, 1]), probabilities, NAMES)["confusion_matrix"] == [[0, 0], [0, 2]]
    assert evaluate(np.array([1, 1]), probabilities, NAMES, 0.6)["confusion_matrix"] == [[0, 0], [1, 1]]


@pytest.mark.parametrize("num_classes", [2, 4])
def test_agrees_with_scikit_learn(num_classes):
    random = np.random.default_rng(num_classes)
    labels = random.integers(0, num_classes, 200)
    probabilities = random.dirichlet(np.ones(num_classes), 200)
    names = [f"class {number}" for number in range(num_classes)]
    metrics = evaluate(labels, probabilities, names)
    predicted = probabilities.argmax(axis=1)
    report = classification_report(labels, predicted, target_names=names, output_dict=True)
    for name in names:
        ours, theirs = metrics["per_class"][name], report[name]
        assert [ours["precision"], ours["recall"], ours["f1"], ours["support"]] == pytest.approx(
            [theirs["precision"], theirs["recall"], theirs["f1-score"], theirs["support"]]
        )
    assert metrics["accuracy"] == pytest.approx(report["accuracy"])
    assert metrics["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(labels, predicted))
    assert metrics["mcc"] == pytest.approx(matthews_corrcoef(labels, predicted))


def test_distance_of_probabilities_from_the_truth_by_hand():
    # Claims of .9 and .6 for class 1, of which the first comes true; each in a bin of its own.
    metrics = evaluate(np.array([1, 0]), np.array([[0.1, 0.9], [0.4, 0.6]]), NAMES)
    assert metrics["brier"] == pytest.approx((0.1**2 + 0.6**2) / 2)
    assert metrics["ece"] == pytest.approx((0.1 + 0.6) / 2)


def test_areas_of_three_classes_are_means_of_one_against_the_rest():
    # Each class' own column puts its image first, except that of class 2: there one of two others comes before it.
    probabilities = np.array([[0.6, 0.1, 0.3], [0.1, 0.8, 0.1], [0.5, 0.3, 0.2]])
    metrics = evaluate(np.array([0, 1, 2]), probabilities, ("a", "b", "c"))
    assert metrics["roc_auc"] == pytest.approx((1 + 1 + 0.5) / 3)
    assert metrics["pr_auc"] == pytest.approx((1 + 1 + 0.5) / 3)
    assert metrics["threshold"] is None
    assert metrics["confusion_matrix"] == [[1, 0, 0], [0, 1, 0], [1, 0, 0]]


def test_a_class_that_is_never_predicted_gives_zero_and_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        metrics = evaluate(*from_table([[0, 3], [0, 5]]), NAMES)
    assert metrics["per_class"]["NORMAL"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 3}
    assert metrics["balanced_accuracy"] == 0.5
    assert metrics["mcc"] == 0


def test_one_class_only_has_no_areas_and_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        metrics = evaluate(*from_table([[0, 0], [1, 3]]), NAMES)
    assert metrics["roc_auc"] is None
    assert metrics["pr_auc"] is None
    assert metrics["balanced_accuracy"] == metrics["accuracy"] == 0.75


def test_areas_leave_out_a_class_without_images():
    probabilities = np.array([[0.7, 0.2, 0.1], [0.2, 0.7, 0.1]])
    assert evaluate(np.array([0, 1]), probabilities, ("a", "b", "c"))["roc_auc"] == 1.0


def test_confusion_matrix_has_true_classes_down_and_predicted_across():
    assert confusion_matrix(np.array([0, 0, 1]), np.array([1, 1, 0]), 2).tolist() == [[0, 2], [1, 0]]


@pytest.mark.parametrize(
    ("labels", "probabilities", "names", "message"),
    [
        ([], np.empty((0, 2)), NAMES, r"found \(0, 2\) for 0 labels"),
        ([0, 1], [[0.5, 0.5]], NAMES, r"found \(1, 2\) for 2 labels"),
        ([0], [[1.0]], ("only",), "1 classes"),
        ([2], [[0.5, 0.5]], NAMES, "labels from 0 to 1, found 2 to 2"),
        ([0], [[np.nan, 0.5]], NAMES, "probabilities from 0 to 1"),
        ([0], [[-0.5, 1.5]], NAMES, "probabilities from 0 to 1"),
    ],
)
def test_input_that_cannot_be_evaluated(labels, probabilities, names, message):
    with pytest.raises(ValueError, match=message):
        evaluate(np.array(labels, dtype=int), np.array(probabilities), names)
