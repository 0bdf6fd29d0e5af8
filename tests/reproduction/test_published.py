import numpy as np
import pytest
from scipy import stats

from ganbal.reproduction.published import PUBLISHED, find_published, published_beside_study


@pytest.mark.parametrize("system", [s for s in PUBLISHED if s.matrix], ids=lambda s: s.title)
def test_published_tables_add_up_to_their_accuracy(system):
    matrix = np.array(system.matrix)
    assert matrix.sum() == system.num_test
    # 004 prints 76.44 % beside a table of 76.44 %; the others round to as many digits as they print.
    assert matrix.trace() / matrix.sum() == pytest.approx(system.accuracy, abs=0.0051)
    if system.f1 is not None:
        precision_and_recall = 2 * matrix[1, 1] / (2 * matrix[1, 1] + matrix[0, 1] + matrix[1, 0])
        assert precision_and_recall == pytest.approx(system.f1, abs=0.001)


@pytest.mark.parametrize("system", [s for s in PUBLISHED if s.recall], ids=lambda s: s.title)
def test_published_recalls_agree_with_their_accuracy(system):
    # The test set has 234 NORMAL and 390 PNEUMONIA images; both recalls are rounded to two digits.
    normal, pneumonia = system.recall
    assert (234 * normal + 390 * pneumonia) / system.num_test == pytest.approx(system.accuracy, abs=0.0101)


def test_only_comparable_studies_get_published_figures():
    classes, systems = ("NORMAL", "PNEUMONIA"), (["baseline_cnn", "cnn_64"], ["imbalanced", "gan", "smote"])
    found = published_beside_study(classes, *systems, is_augmented=True, is_phantom=False)
    assert [(entry["classifier"], entry["arm"], entry["accuracy"]) for entry in found["systems"]] == [
        *[("baseline_cnn", "imbalanced", 0.90), ("baseline_cnn", "gan", 0.88), ("cnn_64", "imbalanced", 0.9263)]
    ]
    assert published_beside_study(classes, *systems, is_augmented=True, is_phantom=True) is None
    assert published_beside_study(("A", "B"), *systems, is_augmented=True, is_phantom=False) is None
    assert published_beside_study(classes, ["vgg19"], ["gan"], is_augmented=True, is_phantom=False) is None


def test_the_interval_is_the_exact_binomial_one():
    system = find_published("baseline_cnn", "imbalanced", True)
    # 562 of 624: the beta quantiles of Clopper and Pearson.
    low, high = stats.beta.ppf(0.025, 562, 63), stats.beta.ppf(0.975, 563, 62)
    assert system.interval == pytest.approx((low, high))
    assert system.interval == pytest.approx((0.875, 0.923), abs=0.002)


def test_systems_are_distinguished_by_arm_and_augmentation():
    assert find_published("baseline_cnn", "gan", True).accuracy == 0.88
    assert find_published("cnn_256", "class-weights", False).accuracy == 0.795
    assert find_published("cnn_256", "class-weights", True).accuracy == 0.856
    assert find_published("cnn_128", "imbalanced", True).interval is None
    assert find_published("baseline_cnn", "duplicated", True) is None
    assert find_published("resnet", "imbalanced", True) is None
