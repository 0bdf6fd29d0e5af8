import pytest

from ganbal.reproduction.comparing import median_seed, summarize_seeds
from ganbal.reproduction.published import find_published


def metrics(accuracy, mark):
    per_class = {name: {"precision": accuracy, "recall": accuracy, "f1": accuracy} for name in ("NORMAL", "PNEUMONIA")}
    return {
        "accuracy": accuracy,
        "roc_auc": None if mark == 0 else 0.9,
        "per_class": per_class,
        "confusion_matrix": [[mark, 0], [0, mark]],
        "num_train": 10,
        "pretrained": None,
        "seconds": 1.0,
    }


def test_the_median_seed():
    assert median_seed([0, 1, 2], [0.8, 0.7, 0.9]) == 0
    assert median_seed([0, 1, 2, 3], [0.8, 0.7, 0.9, 0.6]) == 1, "of four the second lowest"
    assert median_seed([4, 5, 6], [0.8, 0.8, 0.9]) == 4


def test_mean_sd_and_the_table_of_the_median_seed():
    system = find_published("baseline_cnn", "imbalanced", True)
    found = summarize_seeds({s: metrics(a, s) for s, a in enumerate((0.89, 0.95, 0.92))}, system, is_comparable=True)
    assert found["accuracy_mean"] == pytest.approx(0.92) and found["accuracy_sd"] == pytest.approx(0.03)
    assert found["median_seed"] == 2 and found["confusion_matrix"] == [[2, 0], [0, 2]]
    assert found["is_within_published_interval"] is True  # .875 to .923
    assert found["roc_auc_mean"] == pytest.approx(0.9), "over the seeds that have one"


@pytest.mark.parametrize(("accuracy", "comparable", "expected"), [(0.95, True, False), (0.9, False, None)])
def test_outside_the_interval_and_not_comparable(accuracy, comparable, expected):
    system = find_published("baseline_cnn", "imbalanced", True)
    found = summarize_seeds({0: metrics(accuracy, 0)}, system, is_comparable=comparable)
    assert found["is_within_published_interval"] is expected
    assert found["accuracy_sd"] is None and found["roc_auc_mean"] is None


def test_a_system_without_published_figures():
    found = summarize_seeds({0: metrics(0.9, 0)}, find_published("cnn_128", "imbalanced", True), is_comparable=True)
    assert found["is_within_published_interval"] is None
