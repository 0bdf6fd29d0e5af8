import numpy as np
import pytest

from ganbal.study.statistics.holm import holm


def test_by_hand():
    # Sorted .01 · 4, .02 · 3, .03 · 2 (raised to the .06 before it), .8 · 1.
    assert holm([0.03, 0.01, 0.8, 0.02]) == pytest.approx([0.06, 0.04, 0.8, 0.06])


def test_nothing_above_one_and_one_test_stays():
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([0.04]) == [0.04]
    assert holm([]) == []


def test_a_test_that_was_not_made_counts_for_nothing():
    assert holm([None, 0.02, None, 0.5]) == [None, 0.04, None, 0.5]
    assert holm([None]) == [None]


def test_agrees_with_statsmodels():
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    p_values = np.random.default_rng(0).random(30) ** 3
    p_values[4] = p_values[9]
    assert holm(p_values.tolist()) == pytest.approx(multitest.multipletests(p_values, method="holm")[1])
