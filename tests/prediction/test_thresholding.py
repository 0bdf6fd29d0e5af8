import numpy as np
import pytest

from ganbal.errors import InputError
from ganbal.prediction.thresholding import choose_threshold

# Positives at .9, .8, .4; negatives at .6, .3, .1 (see the thresholds of the classifiers).
POSITIVE = np.array([0.9, 0.6, 0.8, 0.3, 0.4, 0.1])
VALIDATION = np.array([1, 0, 1, 0, 1, 0]), np.stack([1 - POSITIVE, POSITIVE], axis=1)
THREE_CLASSES = np.array([0, 1, 2]), np.eye(3)


def test_the_default_threshold_is_one_half():
    assert choose_threshold(None, *VALIDATION).value == 0.5
    assert choose_threshold("0.3", *VALIDATION).value == 0.3


def test_thresholds_of_validation():
    youden = choose_threshold("youden", *VALIDATION)
    assert youden.value == pytest.approx(0.35)
    assert youden.origin == "Youden's J on 6 validation images: recall 1.00, specificity 0.67 there"
    recall = choose_threshold("recall=0.6", *VALIDATION)
    assert recall.value == pytest.approx(0.7) and recall.origin.startswith("a recall of 0.6 on 6")


def test_three_classes_have_none():
    assert choose_threshold(None, *THREE_CLASSES).value is None
    with pytest.raises(InputError, match="3 classes"):
        choose_threshold("0.3", *THREE_CLASSES)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [("1.5", "'1.5'"), ("nan", "'nan'"), ("best", "'best'"), ("recall=e", "'recall=e'"), ("recall=2", "'recall=2'")],
)
def test_thresholds_that_cannot_be(wanted, found):
    with pytest.raises(InputError, match=found):
        choose_threshold(wanted, *VALIDATION)


def test_validation_images_of_one_class_allow_no_choice():
    with pytest.raises(InputError, match="0 validation images of class 0, 1 of class 1"):
        choose_threshold("youden", np.array([1]), np.array([[0.2, 0.8]]))
