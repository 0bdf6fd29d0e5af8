import numpy as np
import pytest
from sklearn.metrics import roc_curve

from classifiers.errors import ClassifierInputError
from classifiers.evaluation.thresholds import ChosenThreshold, recall_threshold, youden_threshold

# From the highest down: + + - + - -; positives at .9, .8, .4, negatives at .6, .3, .1.
LABELS = np.array([1, 0, 1, 0, 1, 0])
PROBABILITIES = np.array([0.9, 0.6, 0.8, 0.3, 0.4, 0.1])


def test_youden_takes_the_cut_with_the_greatest_sum():
    # Below .9: 1/3 + 1; below .8: 2/3 + 1; below .6: 2/3 + 2/3; below .4: 1 + 2/3, as good as below .8.
    # Cuts .7 and .35: the second is nearer to one half.
    assert youden_threshold(LABELS, PROBABILITIES) == ChosenThreshold(pytest.approx(0.35), 1.0, pytest.approx(2 / 3))


def test_of_equally_good_and_near_cuts_the_lower():
    # + - + -: cuts .75, .5 … here the best are .625 and .375, both an eighth from one half.
    labels, probabilities = np.array([1, 0, 1, 0]), np.array([0.75, 0.5, 0.5, 0.25])
    # Below .75: 1/2 + 1; below .5: 1 + 1/2.
    assert youden_threshold(labels, probabilities).threshold == pytest.approx(0.375)


def test_no_threshold_has_a_greater_j_than_the_chosen():
    random = np.random.default_rng(3)
    labels = random.integers(0, 2, 300)
    probabilities = np.round(np.clip(random.normal(0.4 + 0.2 * labels, 0.2), 0, 1), 2)
    false, true, _ = roc_curve(labels, probabilities)
    chosen = youden_threshold(labels, probabilities)
    assert chosen.recall + chosen.specificity - 1 == pytest.approx((true - false).max())
    predicted = probabilities >= chosen.threshold
    assert chosen.recall == pytest.approx(predicted[labels == 1].mean())
    assert chosen.specificity == pytest.approx(1 - predicted[labels == 0].mean())


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (0.3, ChosenThreshold(0.85, 1 / 3, 1.0)),
        (0.5, ChosenThreshold(0.7, 2 / 3, 1.0)),
        (2 / 3, ChosenThreshold(0.7, 2 / 3, 1.0)),
        (1.0, ChosenThreshold(0.35, 1.0, 2 / 3)),
    ],
)
def test_a_requested_recall_is_reached_with_the_fewest_false_positives(wanted, expected):
    chosen = recall_threshold(LABELS, PROBABILITIES, wanted)
    assert vars(chosen) == pytest.approx(vars(expected))


def test_equal_probabilities_get_the_same_prediction():
    chosen = recall_threshold(np.array([1, 0, 1]), np.array([0.5, 0.5, 0.5]), 0.1)
    assert vars(chosen) == pytest.approx({"threshold": 0.25, "recall": 1.0, "specificity": 0.0})


def test_recall_of_seven_tenths_is_seven_of_ten():
    labels, probabilities = np.array([1] * 10 + [0]), np.append(np.linspace(0.95, 0.5, 10), 0.1)
    assert recall_threshold(labels, probabilities, 0.7).recall == pytest.approx(0.7)


def test_neighboring_floating_point_numbers_are_distinguished():
    low = 0.5
    high = np.nextafter(low, 1)
    chosen = youden_threshold(np.array([0, 1]), np.array([low, high]))
    assert (chosen.recall, chosen.specificity) == (1.0, 1.0)
    assert low < chosen.threshold <= high


def test_all_probabilities_zero():
    assert youden_threshold(np.array([0, 1]), np.zeros(2)) == ChosenThreshold(0.0, 1.0, 0.0)


@pytest.mark.parametrize(
    ("labels", "probabilities", "message"),
    [
        ([1, 1], [0.2, 0.9], "0 validation images of class 0, 2 of class 1 and 0 others"),
        ([0, 0], [0.2, 0.9], "2 validation images of class 0, 0 of class 1"),
        ([], [], "0 validation images of class 0"),
        ([0, 1, 2], [0.2, 0.9, 0.5], "1 others"),
        ([0, 1], [0.2], r"shape \(2,\), the probabilities \(1,\)"),
        ([0, 1], [[0.2, 0.8], [0.5, 0.5]], r"shape \(2,\), the probabilities \(2, 2\)"),
        ([0, 1], [0.2, np.nan], "probabilities are not numbers from 0 to 1"),
        ([0, 1], [0.2, 1.5], "probabilities are not numbers from 0 to 1"),
    ],
)
def test_what_no_threshold_can_be_chosen_on(labels, probabilities, message):
    for choose in (youden_threshold, lambda *given: recall_threshold(*given, 0.9)):
        with pytest.raises(ClassifierInputError, match=message):
            choose(np.array(labels, dtype=int), np.array(probabilities, dtype=float))


@pytest.mark.parametrize("wanted", [0, -0.1, 1.01, float("nan")])
def test_invalid_recalls(wanted):
    with pytest.raises(ClassifierInputError, match="must be above 0 and at most 1"):
        recall_threshold(LABELS, PROBABILITIES, wanted)
