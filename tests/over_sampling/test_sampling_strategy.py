import numpy as np
import pytest

from ganbal.errors import InputError
from ganbal.over_sampling.sampling_strategy import images_to_add

LABELS = np.array(["a"] * 5 + ["b"] * 9 + ["c"] * 2)


@pytest.mark.parametrize(
    ("strategy", "added"),
    [
        ("auto", {"a": 4, "c": 7}),
        ("not majority", {"a": 4, "c": 7}),
        ("minority", {"c": 7}),
        ("not minority", {"a": 4}),
        ("all", {"a": 4, "c": 7}),
        ({"c": 10, "b": 9}, {"c": 8}),
        (lambda labels: {"a": int((labels == "b").sum()) * 2}, {"a": 13}),
    ],
)
def test_by_hand_and_as_imbalanced_learn(strategy, added):
    assert images_to_add(LABELS, strategy) == added
    utils = pytest.importorskip("imblearn.utils")
    theirs = utils.check_sampling_strategy(strategy, LABELS, "over-sampling")
    assert {str(name): number for name, number in theirs.items() if number} == added


@pytest.mark.parametrize("number", [10.0, np.float64(10), np.int64(10), np.uint8(10)])
def test_final_numbers_of_images_are_whole_numbers_of_any_type(number):
    added = images_to_add(LABELS, {"c": number})
    assert added == {"c": 8} and type(added["c"]) is int


@pytest.mark.parametrize(("ratio", "added"), [(1.0, {1: 11}), (0.5, {1: 3}), (0.34, {1: 1})])
def test_a_ratio_for_two_classes(ratio, added):
    labels = np.array([0] * 16 + [1] * 5)
    if ratio == 0.34:
        labels = np.array([0] * 18 + [1] * 5)
    assert images_to_add(labels, ratio) == added
    utils = pytest.importorskip("imblearn.utils")
    assert dict(utils.check_sampling_strategy(ratio, labels, "over-sampling")) == added


@pytest.mark.parametrize(
    ("labels", "strategy", "message"),
    [
        (LABELS, "majority", "is 'majority'. It must be one of auto, not majority, "),
        (LABELS, 0.5, "is 0.5, for 3 classes.*two classes"),
        ([0, 0, 1], 1.5, "at most 1"),
        ([0, 0, 0, 1, 1], 0.1, "fewer images than there are: 0 of 1, which has 2"),
        (LABELS, {"d": 3}, "names d, .* are a, b, c"),
        (LABELS, {"a": 3}, "there are: 3 of a, which has 5"),
        (["a", "a"], "auto", "name 1 class. .* two classes"),
        (LABELS, {"c": np.nan}, "asks for nan images of c. .* whole number"),
        (LABELS, {"c": 7.5}, "asks for 7.5 images of c"),
        (LABELS, {"c": None}, "asks for None images of c"),
        (LABELS, {"c": "30"}, "asks for '30' images of c"),
        (LABELS, {"c": True}, "asks for True images of c"),
        (LABELS, lambda labels: {"c": np.inf}, "asks for inf images of c"),
        (LABELS, lambda labels: None, "sampling_strategy is None"),
        ([0, 0, 1], True, "sampling_strategy is True. It must be one of"),
        ([0, 0, 1], None, "sampling_strategy is None"),
        ([0, 0, 1], ["minority"], r"sampling_strategy is \['minority'\]"),
        ([0, 0, 1], np.nan, "sampling_strategy is nan"),
    ],
)
def test_impossible_strategies_are_refused(labels, strategy, message):
    with pytest.raises(InputError, match=message):
        images_to_add(np.array(labels), strategy)
