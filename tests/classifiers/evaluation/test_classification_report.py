import numpy as np
import pytest
from sklearn import metrics

from classifiers.evaluation.classification_report import classification_report, classification_report_text


def test_the_published_report_of_the_baseline_network():
    report = classification_report([[180, 54], [10, 380]], ("NORMAL", "PNEUMONIA"))
    assert classification_report_text(report).splitlines() == [
        "              precision    recall  f1-score   support",
        "",
        "      NORMAL       0.95      0.77      0.85       234",
        "   PNEUMONIA       0.88      0.97      0.92       390",
        "",
        "    accuracy                           0.90       624",
        "   macro avg       0.91      0.87      0.89       624",
        "weighted avg       0.90      0.90      0.89       624",
    ]


@pytest.mark.parametrize(("num_classes", "digits"), [(2, 2), (3, 4), (5, 1)])
def test_as_scikit_learn_reports(num_classes, digits):
    random = np.random.default_rng(num_classes)
    labels, predicted = random.integers(0, num_classes, (2, 150))
    names = [f"a class called {number}" for number in range(num_classes)]
    report = classification_report(metrics.confusion_matrix(labels, predicted), names)
    theirs = metrics.classification_report(labels, predicted, target_names=names, output_dict=True)
    assert list(report) == list(theirs)
    assert report.pop("accuracy") == pytest.approx(theirs.pop("accuracy"))
    for name, entry in report.items():
        assert entry == pytest.approx(theirs[name])
    full = classification_report(metrics.confusion_matrix(labels, predicted), names)
    text = metrics.classification_report(labels, predicted, target_names=names, digits=digits)
    assert classification_report_text(full, digits) == text


def test_a_class_that_is_never_predicted_has_zeros():
    report = classification_report([[0, 3], [0, 5]], ("NORMAL", "PNEUMONIA"))
    assert report["NORMAL"] == {"precision": 0.0, "recall": 0.0, "f1-score": 0.0, "support": 3}
    assert report["weighted avg"]["recall"] == pytest.approx(5 / 8)


@pytest.mark.parametrize("matrix", [[[1, 2, 3], [4, 5, 6]], [[0, 0], [0, 0]], [1, 2]])
def test_tables_that_report_nothing(matrix):
    with pytest.raises(ValueError, match="a 2 by 2 table that counts at least one image"):
        classification_report(matrix, ("NORMAL", "PNEUMONIA"))
