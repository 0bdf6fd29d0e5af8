from statistics import NormalDist

import numpy as np
import pytest
from scipy import stats

from ganbal.study.statistics import paired_difference, smallest_detectable


def test_interval_by_hand():
    # Differences 1, 2, 3: mean 2, sd 1, standard error 1/√3; t(0.975, 2) = 4.302653.
    found = paired_difference([2.0, 4.0, 6.0], [1.0, 2.0, 3.0])
    assert (found.mean, found.sd, found.n) == (2.0, 1.0, 3)
    assert found.low == pytest.approx(2 - 4.302653 / 3**0.5, abs=1e-5)
    assert found.high == pytest.approx(2 + 4.302653 / 3**0.5, abs=1e-5)


def test_interval_is_that_of_a_paired_t_test():
    random = np.random.default_rng(0)
    first, second = random.normal(size=(2, 9))
    expected = stats.ttest_rel(first, second).confidence_interval(0.95)
    found = paired_difference(first, second)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


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
    assert paired_difference(values, [0.8, 0.81, 0.8][: len(values)]).verdict == verdict


def test_equal_values_are_no_difference():
    found = paired_difference([0.5, 0.5], [0.5, 0.5])
    assert (found.low, found.high, found.verdict) == (0.0, 0.0, "no difference found")


def test_no_true_effect_gives_at_most_the_promised_share_of_verdicts():
    random = np.random.default_rng(1)
    draws = random.normal(size=(2000, 2, 5))
    false = sum(paired_difference(a, b).verdict in ("helps", "hurts") for a, b in draws)
    # 5 % promised; three standard errors of a share of 0.05 in 2000 are 0.015.
    assert 0.035 < false / 2000 < 0.065


def test_smallest_detectable_effect_approaches_the_normal_formula():
    normal = NormalDist()
    expected = (normal.inv_cdf(0.975) + normal.inv_cdf(0.8)) / 1000**0.5
    assert smallest_detectable(1.0, 1000) == pytest.approx(expected, rel=0.01)
