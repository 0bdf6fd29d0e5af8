import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from ganbal.study.statistics.delong import delong


@pytest.fixture
def case():
    random = np.random.default_rng(5)
    positive = random.random(90) < 0.6
    shared = random.normal(size=90) + positive
    # Rounded, so that there are ties between and within the classes.
    return positive, np.round(shared + random.normal(size=90), 1), np.round(shared + random.normal(size=90), 1)


def kernel(positive, scores):
    """1 for every pair of a positive above a negative, a half for a tie: (P, M)."""
    above = scores[positive][:, None] - scores[~positive][None, :]
    return np.heaviside(above, 0.5)


def test_areas_are_those_of_scikit_learn(case):
    positive, first, second = case
    found = delong(positive, first, second)
    assert found.auc == pytest.approx(roc_auc_score(positive, first))
    assert found.auc_baseline == pytest.approx(roc_auc_score(positive, second))
    assert found.difference == pytest.approx(found.auc - found.auc_baseline)


def test_variance_is_that_of_the_paper_pair_by_pair(case):
    # Components as in equations (4) to (6): means of the kernel over the other class, covariances of two areas.
    positive, first, second = case
    kernels = [kernel(positive, scores) for scores in (first, second)]
    of_positives = np.cov([found.mean(axis=1) for found in kernels])
    of_negatives = np.cov([found.mean(axis=0) for found in kernels])
    covariance = of_positives / positive.sum() + of_negatives / (~positive).sum()
    expected = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    found = delong(positive, first, second)
    assert found.variance == pytest.approx(expected)
    z = found.difference / expected**0.5
    assert found.p_value == pytest.approx(2 * stats.norm.cdf(-abs(z)))
    assert (found.low, found.high) == pytest.approx(
        (found.difference - 1.959964 * expected**0.5, found.difference + 1.959964 * expected**0.5)
    )


def test_by_hand():
    # Positives 3, 1 and negatives 2, 0: placements 1, 1/2 (positives) and 1/2, 1 (negatives); the baseline orders all.
    positive = np.array([True, True, False, False])
    found = delong(positive, np.array([3.0, 1.0, 2.0, 0.0]), np.array([4.0, 3.0, 2.0, 1.0]))
    assert (found.auc, found.auc_baseline, found.difference) == (0.75, 1.0, -0.25)
    assert found.variance == pytest.approx(0.125 / 2 + 0.125 / 2)


def test_equal_scores_do_not_differ(case):
    positive, scores, _ = case
    found = delong(positive, scores, 2 * scores + 1)
    assert (found.difference, found.variance, found.p_value) == (0.0, 0.0, 1.0)


def test_a_difference_that_no_image_contradicts_is_certain():
    positive = np.array([True, True, False, False])
    found = delong(positive, np.array([1.0, 1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0, 1.0]))
    assert (found.difference, found.p_value) == (1.0, 0.0)
