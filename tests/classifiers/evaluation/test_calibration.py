import numpy as np
import pytest
from sklearn import metrics

from classifiers.errors import ClassifierInputError
from classifiers.evaluation.calibration import (
    COLDEST,
    HOTTEST,
    apply_temperature,
    brier_score,
    expected_calibration_error,
    fit_temperature,
    log_loss,
    reliability_curve,
)


def binary(*positive):
    values = np.array(positive)
    return np.stack([1 - values, values], axis=1)


def test_temperature_of_an_overconfident_classifier():
    # It predicts 0.9 and is correct in 3 of 4: logits are ±ln 9 and should be ±ln 3, half of that.
    labels, probabilities = np.array([1, 1, 1, 0]), binary(0.9, 0.9, 0.9, 0.9)
    temperature = fit_temperature(labels, probabilities)
    assert temperature == pytest.approx(2, rel=1e-4)
    assert apply_temperature(probabilities, temperature)[:, 1] == pytest.approx(0.75, abs=1e-4)


def test_temperature_of_an_underconfident_classifier_of_three_classes():
    # (.5, .25, .25) and correct in 4 of 6, the errors divided equally: (2/3, 1/6, 1/6). ln 4 over ln 2 is sharper by
    # two.
    labels = np.array([0, 0, 0, 0, 1, 2])
    probabilities = np.tile([0.5, 0.25, 0.25], (6, 1))
    assert fit_temperature(labels, probabilities) == pytest.approx(0.5, rel=1e-4)


def test_temperature_stays_within_its_bounds():
    right = fit_temperature(np.array([0, 1]), binary(0.4, 0.6))
    wrong = fit_temperature(np.array([1, 0]), binary(0.4, 0.6))
    assert right == pytest.approx(COLDEST, rel=1e-3)
    assert wrong == pytest.approx(HOTTEST, rel=1e-3)


def test_temperature_one_changes_nothing_and_none_changes_the_order():
    probabilities = np.random.default_rng(0).dirichlet(np.ones(4), 50)
    assert apply_temperature(probabilities, 1.0) == pytest.approx(probabilities)
    hot = apply_temperature(probabilities, 5.0)
    assert (hot.argsort(axis=1) == probabilities.argsort(axis=1)).all()
    assert hot.sum(axis=1) == pytest.approx(1)


def test_certainty_stays_finite():
    assert np.isfinite(apply_temperature(binary(0.0, 1.0), 0.05)).all()
    assert np.isfinite(log_loss(np.array([1, 0]), binary(0.0, 1.0)))


@pytest.mark.parametrize("num_classes", [2, 3])
def test_agrees_with_scikit_learn(num_classes):
    random = np.random.default_rng(num_classes)
    labels, probabilities = random.integers(0, num_classes, 100), random.dirichlet(np.ones(num_classes), 100)
    assert log_loss(labels, probabilities) == pytest.approx(metrics.log_loss(labels, probabilities))
    if num_classes == 2:
        assert brier_score(labels, probabilities) == pytest.approx(
            metrics.brier_score_loss(labels, probabilities[:, 1])
        )


def test_brier_by_hand():
    # (0.2² + 0.4²) / 2
    assert brier_score(np.array([1, 0]), binary(0.8, 0.4)) == pytest.approx(0.1)
    # (0.5² + 0.3² + 0.2²)
    assert brier_score(np.array([0]), np.array([[0.5, 0.3, 0.2]])) == pytest.approx(0.38)


def test_reliability_of_five_images_in_five_bins():
    # Bins of a fifth: .1 | .2 .3 | - | - | .9 1.0; an edge belongs to the upper bin, one to the last.
    labels, probabilities = np.array([0, 0, 1, 1, 0]), binary(0.1, 0.2, 0.3, 0.9, 1.0)
    curve = reliability_curve(labels, probabilities, num_bins=5)
    assert curve.predicted == pytest.approx([0.1, 0.25, 0.95])
    assert curve.observed == pytest.approx([0, 0.5, 0.5])
    assert curve.counts.tolist() == [1, 2, 2]
    # (1 · 0.1 + 2 · 0.25 + 2 · 0.45) / 5
    assert expected_calibration_error(labels, probabilities, num_bins=5) == pytest.approx(0.3)


def test_calibration_of_three_classes_is_that_of_the_most_probable_one():
    # Confidences .6 (right) and .8 (wrong): |.6 - 1| and |.8 - 0|, one image each.
    probabilities = np.array([[0.6, 0.3, 0.1], [0.1, 0.1, 0.8]])
    assert expected_calibration_error(np.array([0, 1]), probabilities) == pytest.approx((0.4 + 0.8) / 2)


def test_temperature_lowers_the_calibration_error_of_an_overconfident_network():
    random = np.random.default_rng(5)
    true = random.uniform(0.02, 0.98, 4000)
    labels = (random.uniform(size=4000) < true).astype(int)
    sure = apply_temperature(binary(*true), 1 / 3)
    temperature = fit_temperature(labels, sure)
    assert temperature == pytest.approx(3, rel=0.1)
    before = expected_calibration_error(labels, sure)
    assert expected_calibration_error(labels, apply_temperature(sure, temperature)) < 0.03 < 0.1 < before


@pytest.mark.parametrize(
    ("labels", "probabilities", "message"),
    [
        ([], np.empty((0, 2)), r"shape \(0,\), the probabilities \(0, 2\)"),
        ([0, 1], [[0.5, 0.5]], r"shape \(2,\), the probabilities \(1, 2\)"),
        ([0, 1], [0.5, 0.5], r"shape \(2,\), the probabilities \(2,\)"),
        ([0], [[1.0]], r"shape \(1,\), the probabilities \(1, 1\)"),
        ([2], [[0.5, 0.5]], "reach from 2 to 2.* from 0 to 1"),
        ([0], [[np.nan, 0.5]], "probabilities are not numbers from 0 to 1"),
    ],
)
def test_input_that_cannot_be_calibrated(labels, probabilities, message):
    for judge in (fit_temperature, log_loss, brier_score, reliability_curve, expected_calibration_error):
        with pytest.raises(ClassifierInputError, match=message):
            judge(np.array(labels, dtype=int), np.array(probabilities))
