import numpy as np
import pytest
from scipy import stats

from ganbal.study.statistics.bootstrap import draw_patients, fewest_patients, paired_difference
from ganbal.study.verdict import verdict_of

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


def test_half_widths_of_seeds_and_patients_add_as_squares():
    # s²/n = 1/3 with 2 degrees of freedom, patients' variance 2 · 0.5² = 0.5 (ddof 1) with 10.
    found = paired_difference([2.0, 4.0, 6.0], [1.0, 2.0, 3.0], np.array([1.5, 2.5]), 11)
    reach = (4.302653**2 / 3 + 2.228139**2 / 2) ** 0.5
    assert (found.low, found.high) == pytest.approx((2 - reach, 2 + reach), abs=1e-5)
    assert found.test_se == pytest.approx(0.5**0.5)


def test_p_value_is_that_of_a_paired_t_test_without_patient_variance():
    first, second = np.random.default_rng(1).normal(size=(2, 6))
    expected = stats.ttest_rel(first, second).pvalue
    assert paired_difference(first, second, NO_PATIENT_VARIANCE, 100).p_value == pytest.approx(expected)


def test_p_value_is_one_less_the_confidence_at_which_the_interval_ends_at_zero():
    values, baseline, draws = [2.0, 4.0, 6.0], [1.0, 2.0, 3.0], np.array([1.5, 2.5])
    p_value = paired_difference(values, baseline, draws, 11).p_value
    assert 0.05 < p_value < 1
    assert paired_difference(values, baseline, draws, 11, confidence=1 - p_value).low == pytest.approx(0, abs=1e-9)
    assert paired_difference(baseline, values, draws, 11).p_value == pytest.approx(p_value)


def test_a_mean_of_zero_has_a_p_value_of_one_and_no_number_of_seeds_would_find_it():
    found = paired_difference([1.0, -1.0], [0.0, 0.0], NO_PATIENT_VARIANCE, 100)
    assert found.p_value == pytest.approx(1)
    assert found.seeds_needed(0.05) is None


def test_seeds_needed_are_those_of_a_power_table():
    # An effect of one standard deviation at a power of 80 %: ten pairs, as tables of the paired t-test have it.
    found = paired_difference([0.0, 1.0, 2.0], [0.0, 0.0, 0.0], NO_PATIENT_VARIANCE, 100)
    assert (found.mean, found.sd) == (1.0, 1.0)
    assert found.seeds_needed(0.05) == 10
    assert found.seeds_needed(0.05 / 8) > 10


@pytest.mark.parametrize(("n", "significance"), [(2, 0.05), (3, 0.05), (5, 0.05 / 8), (12, 0.05 / 16)])
def test_the_smallest_detectable_difference_is_detected_four_times_in_five(n, significance):
    random = np.random.default_rng(0)
    trial = paired_difference(random.normal(size=n), np.zeros(n), NO_PATIENT_VARIANCE, 100)
    size = trial.smallest_detectable(significance) / trial.sd  # of a standard deviation of 1
    samples = random.normal(size, 1, (20_000, n))
    p_values = stats.ttest_1samp(samples, 0, axis=1).pvalue
    assert ((p_values <= significance) & (samples.mean(axis=1) > 0)).mean() == pytest.approx(0.8, abs=0.012)


def test_what_can_be_detected_with_many_patients_and_seeds_is_that_of_the_normal_distribution():
    draws = np.array([0.9, 1.1])
    found = paired_difference([0.0, 2.0] * 2000, [0.0] * 4000, draws, 5000)
    error = (found.sd**2 / 4000 + draws.var(ddof=1)) ** 0.5
    assert found.smallest_detectable(0.05) == pytest.approx(error * (1.959964 + 0.841621), rel=2e-3)


def test_more_seeds_do_not_help_where_the_test_patients_are_too_few():
    # ±0.4 from the patients alone is more than half of the effect of 1 that was seen.
    draws = np.random.default_rng(0).normal(1, 0.4, 1000)
    assert paired_difference([0.0, 1.0, 2.0], [0.0, 0.0, 0.0], draws, 100).seeds_needed(0.05) is None
    assert paired_difference([0.0, 1.0, 2.0], [0.0, 0.0, 0.0], 1 + 0.1 * (draws - 1), 100).seeds_needed(0.05) > 8


def test_one_seed_has_a_mean_and_nothing_else():
    found = paired_difference([0.95], [0.8], NO_PATIENT_VARIANCE, 100)
    assert found.mean == pytest.approx(0.15)
    assert (found.n, found.low, found.high, found.p_value, found.spread) == (1, None, None, None, None)
    assert found.seeds_needed(0.05) is None and found.smallest_detectable(0.05) is None


def test_an_almost_impossible_difference_has_a_p_value_of_zero():
    found = paired_difference([1.0] * 200 + [1.001], [0.0] * 201, NO_PATIENT_VARIANCE, 100)
    assert found.p_value == 0.0 and found.low > 0


def test_a_clear_difference_between_seeds_is_not_believed_when_patients_could_undo_it():
    values, baseline = [0.82, 0.821, 0.819], [0.80, 0.80, 0.80]
    assert paired_difference(values, baseline, NO_PATIENT_VARIANCE, 100).low > 0
    draws = np.random.default_rng(0).normal(0.02, 0.02, 500)
    assert paired_difference(values, baseline, draws, 100).low < 0


def test_equal_values_are_no_difference():
    found = paired_difference([0.5, 0.5], [0.5, 0.5], NO_PATIENT_VARIANCE, 10)
    assert (found.low, found.high, found.p_value) == (0.0, 0.0, 1.0)
    assert found.smallest_detectable(0.05) is None and found.seeds_needed(0.05) is None


def test_a_difference_without_any_variation_cannot_be_judged():
    # As with one test patient per class: neither seeds nor bootstrap samples of patients say how far it could move.
    found = paired_difference([0.75, 0.75], [0.5, 0.5], np.full(10, 0.25), 1)
    assert (found.mean, found.low, found.p_value) == (0.25, None, None)
    assert verdict_of(found.mean, found.p_value) == "too few seeds"


def test_patients_of_the_class_that_has_fewest_count():
    labels, patients = np.array([0, 0, 0, 1, 1, 1]), ["a", "a", "b", "c", "d", "b"]
    assert fewest_patients(labels, patients, 2) == (0, 2)


def test_few_patients_of_one_class_give_no_false_verdicts():
    """Recall of a class of three patients differs between patients, not between the arms on the whole."""
    random, verdicts = np.random.default_rng(0), []
    for _ in range(300):
        of_patients = random.normal(0, 0.1, 3)
        values = of_patients.mean() + random.normal(0, 0.01, 5)
        draws = random.multinomial(3, np.full(3, 1 / 3), 200) @ of_patients / 3
        found = paired_difference(values, np.zeros(5), draws, 3)
        verdicts.append(verdict_of(found.mean, found.p_value))
    assert verdicts.count("no difference found") >= 0.92 * 300


def test_images_of_a_patient_are_sampled_together_and_as_many_patients_as_there_are():
    weights = draw_patients(["a", "b", "a", "c"], 200, np.random.default_rng(0))
    assert weights.shape == (200, 4)
    assert np.array_equal(weights[:, 0], weights[:, 2])
    assert set(weights[:, [0, 1, 3]].sum(axis=1)) == {3.0}
    assert weights.mean(axis=0) == pytest.approx(1, abs=0.2)


def simulate(effect: float, random: np.random.Generator, seeds: int = 5, patients: int = 150) -> str:
    """One made-up study: per-patient probabilities of a correct prediction differ by `effect` between two arms, seeds
    shift both."""
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
    found = paired_difference(right[1].mean(axis=1), right[0].mean(axis=1), draws, patients)
    return verdict_of(found.mean, found.p_value)


def test_without_a_true_effect_at_most_one_study_in_twenty_finds_help():
    random = np.random.default_rng(1)
    verdicts = [simulate(0.0, random) for _ in range(400)]
    # 2.5 % promised on either side; three standard errors of that share in 400 are 2.3 %.
    assert verdicts.count("helps") <= 0.048 * 400
    assert verdicts.count("hurts") <= 0.048 * 400
