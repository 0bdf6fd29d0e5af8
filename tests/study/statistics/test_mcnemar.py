import numpy as np
import pytest
from scipy import stats

from ganbal.study.statistics.mcnemar import mcnemar


def from_counts(b, c, both=7, neither=3):
    """Whether each image is classified correctly, and whether the baseline does so."""
    correct = np.repeat([True, False, True, False], [both, b, c, neither])
    baseline = np.repeat([True, True, False, False], [both, b, c, neither])
    return correct, baseline


def test_few_images_exactly_by_hand():
    # 1 of 5: two-sided 2 · (1 + 5) / 32.
    found = mcnemar(*from_counts(b=1, c=4))
    assert (found.b, found.c, found.method) == (1, 4, "exact binomial")
    assert found.p_value == pytest.approx(12 / 32)


def test_many_images_by_hand():
    found = mcnemar(*from_counts(b=10, c=20))
    assert found.statistic == pytest.approx(81 / 30)
    assert found.p_value == pytest.approx(stats.chi2.sf(2.7, 1))
    assert found.method == "chi-squared with continuity correction"


@pytest.mark.parametrize(("b", "c"), [(0, 0), (12, 12), (15, 15), (40, 40)])
def test_as_many_on_either_side_are_no_difference(b, c):
    assert mcnemar(*from_counts(b, c)).p_value == 1


@pytest.mark.parametrize(("b", "c"), [(0, 1), (3, 9), (11, 13), (24, 0), (25, 0), (12, 13), (31, 50)])
def test_agrees_with_statsmodels(b, c):
    tables = pytest.importorskip("statsmodels.stats.contingency_tables")
    expected = tables.mcnemar([[7, c], [b, 3]], exact=b + c < 25, correction=True)
    found = mcnemar(*from_counts(b, c))
    assert (found.statistic, found.p_value) == pytest.approx((expected.statistic, expected.pvalue))
