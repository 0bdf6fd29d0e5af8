import numpy as np
import pytest
from scipy import stats

from ganbal.study.statistics import draw_patients, paired_difference

NO_PATIENT_VARIANCE = np.zeros(2)


def test_seeds_alone_by_hand():
    # Differences 1, 2, 3: mean 2, sd 1, standard error 1/√3; t(0.975, 2) = 4.302653.
    found = paired_difference([2.0, 4.0, 6.0], [1.0, 2.0, 3.0], NO_PATIENT_VARIANCE, 100)
    assert (found.mean, found.sd, found.n, found.test_se) == (2.0, 1.0, 3, 0.0)
    assert (found.low, found.high) == pytest.approx((2 - 4.302653 / 3**0.5, 2 + 4.302653 / 3**0.5), abs=1e-5)


def test_without_patient_variance_it_is_a_paired_t_test():
    first, second = np.random.default_rng(0).normal(size=(2, 9))
    expected = stats.ttest_rel(first, second).confidence_interval(0.95)
    found = paired_difference(first, second, NO_PATIENT_VARIANCE, 100)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_variances_of_seeds_and_patients_add_with_welch_degrees_of_freedom():
    # s²/n = 1/3 and patients' variance 2 · 0.5² = 0.5 with ddof 1: error √(5/6), freedom by Satterthwaite's formula.
    found = paired_difference([2.0, 4.0, 6.0], [1.0, 2.0, 3.0], np.array([1.5, 2.5]), 11)
    freedom = (1 / 3 + 1 / 2) ** 2 / ((1 / 3) ** 2 / 2 + (1 / 2) ** 2 / 10)
    reach = stats.t.ppf(0.975, freedom) * (5 / 6) ** 0.5
    assert (found.low, found.high) == pytest.approx((2 - reach, 2 + reach))
    assert found.detectable == pytest.approx(reach + stats.t.ppf(0.8, freedom) * (5 / 6) ** 0.5)


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([0.91, 0.92, 0.93], "helps"),
        ([0.71, 0.72, 0.73], "hurts"),
        ([0.78, 0.81, 0.82], "no difference found"),
        ([0.95], "too few seeds"),
    ],
)
def test_verdict_follows_from_the_interval(values, verdict):
    baseline = [0.8, 0.81, 0.8][: len(values)]
    assert paired_difference(values, baseline, NO_PATIENT_VARIANCE, 100).verdict == verdict


def test_a_clear_difference_between_seeds_is_not_believed_when_patients_could_undo_it():
    values, baseline = [0.82, 0.821, 0.819], [0.80, 0.80, 0.80]
    assert paired_difference(values, baseline, NO_PATIENT_VARIANCE, 100).verdict == "helps"
    draws = np.random.default_rng(0).normal(0.02, 0.02, 500)
    assert paired_difference(values, baseline, draws, 100).verdict == "no difference found"


def test_equal_values_are_no_difference():
    found = paired_difference([0.5, 0.5], [0.5, 0.5], NO_PATIENT_VARIANCE, 10)
    assert (found.low, found.high, found.verdict) == (0.0, 0.0, "no difference found")
    assert found.detectable is None


def test_images_of_a_patient_are_drawn_together_and_as_many_patients_as_there_are():
    weights = draw_patients(["a", "b", "a", "c"], 200, np.random.default_rng(0))
    assert weights.shape == (200, 4)
    assert np.array_equal(weights[:, 0], weights[:, 2])
    assert set(weights[:, [0, 1, 3]].sum(axis=1)) == {3.0}
    assert weights.mean(axis=0) == pytest.approx(1, abs=0.2)


def simulate(effect: float, random: np.random.Generator, seeds: int = 5, patients: int = 150) -> bool | str:
    """One made-up study: per-patient chances of being right differ by `effect` between two arms, seeds shift both."""
    ease = random.normal(1.0, 1.0, patients)
    arm_taste = random.normal(0.0, 0.7, patients)
    right = np.empty((2, seeds, patients))
    for arm in range(2):
        for seed in range(seeds):
            skill = ease + arm * arm_taste + random.normal(0, 0.2) + random.normal(0, 0.5, patients)
            right[arm, seed] = random.random(patients) < np.clip(1 / (1 + np.exp(-skill)) + arm * effect, 0, 1)
    weights = draw_patients([str(i) for i in range(patients)], 200, random)
    mean_difference = (right[1] - right[0]).mean(axis=0)
    draws = weights @ mean_difference / weights.sum(axis=1)
    return paired_difference(right[1].mean(axis=1), right[0].mean(axis=1), draws, patients).verdict


def test_no_true_effect_is_called_helpful_at_most_one_time_in_twenty():
    random = np.random.default_rng(1)
    verdicts = [simulate(0.0, random) for _ in range(400)]
    # 2.5 % promised on either side; three standard errors of that share in 400 are 2.3 %.
    assert verdicts.count("helps") <= 0.048 * 400
    assert verdicts.count("hurts") <= 0.048 * 400
