import numpy as np
import pytest

from ganbal.errors import InputError
from ganbal.prediction.thresholding import Validation, choose_threshold, read_classes, read_validation

# Positives at .9, .8, .4; negatives at .6, .3, .1 (see the thresholds of the classifiers).
POSITIVE = np.array([0.9, 0.6, 0.8, 0.3, 0.4, 0.1])
VALIDATION = Validation(np.array([1, 0, 1, 0, 1, 0]), np.stack([1 - POSITIVE, POSITIVE], axis=1))


def test_one_half_unless_asked_otherwise():
    assert choose_threshold(None, None, 2).value == 0.5
    assert choose_threshold("0.3", None, 2).value == 0.3


def test_thresholds_of_validation():
    youden = choose_threshold("youden", VALIDATION, 2)
    assert youden.value == pytest.approx(0.35)
    assert youden.origin == "Youden's J on 6 validation images: recall 1.00, specificity 0.67 there"
    recall = choose_threshold("recall=0.6", VALIDATION, 2)
    assert recall.value == pytest.approx(0.7) and recall.origin.startswith("a recall of 0.6 on 6")


def test_three_classes_have_none():
    assert choose_threshold(None, None, 3).value is None
    with pytest.raises(InputError, match="3 classes"):
        choose_threshold("0.3", None, 3)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [("1.5", "'1.5'"), ("nan", "'nan'"), ("best", "'best'"), ("recall=e", "'recall=e'"), ("recall=2", "found 2")],
)
def test_thresholds_that_cannot_be(wanted, found):
    with pytest.raises(InputError, match=found):
        choose_threshold(wanted, VALIDATION, 2)


def test_nothing_to_choose_on():
    with pytest.raises(InputError, match="kept no validation predictions"):
        choose_threshold("youden", None, 2)
    with pytest.raises(InputError, match="0 of class 0, 1 of class 1"):
        choose_threshold("youden", Validation(np.array([1]), np.array([[0.2, 0.8]])), 2)


def test_files_of_a_cell(tmp_path):
    (tmp_path / "v.csv").write_text("label,probability_NA,probability_1\nNA,0.75,0.25\n1,0.5,0.5\n")
    assert read_classes(tmp_path / "v.csv") == ["NA", "1"]
    validation = read_validation(tmp_path / "v.csv", ["NA", "1"])
    assert validation.labels.tolist() == [0, 1]
    assert validation.probabilities.tolist() == [[0.75, 0.25], [0.5, 0.5]]
    assert read_validation(tmp_path / "none.csv", ["NA", "1"]) is None
