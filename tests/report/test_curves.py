import numpy as np
import pytest
from sklearn.metrics import precision_recall_curve, roc_auc_score, roc_curve

from ganbal.report.curves import (
    calibration_error,
    counts_by_threshold,
    mean_and_range,
    precision_on_grid,
    reliability,
    roc_on_grid,
)

TRUTH = np.array([True, True, False, True, False])
SCORES = np.array([0.9, 0.8, 0.8, 0.4, 0.1])


def test_counts_by_threshold_group_ties():
    true, false = counts_by_threshold(TRUTH, SCORES)
    assert true.tolist() == [0, 1, 2, 3, 3]
    assert false.tolist() == [0, 0, 1, 1, 2]


def test_roc_by_hand():
    # Points (0, 0), (0, 1/3), (1/2, 2/3), (1/2, 1), (1, 1); at a vertical step the upper end counts.
    found = roc_on_grid(TRUTH, SCORES, np.array([0, 0.25, 0.5, 1]))
    assert found == pytest.approx([1 / 3, 1 / 2, 1, 1])


def test_precision_by_hand():
    # Recall 1/3 at precision 1, 2/3 at 2/3, 1 at 3/4.
    found = precision_on_grid(TRUTH, SCORES, np.array([0.0, 1 / 3, 0.5, 2 / 3, 1.0]))
    assert found == pytest.approx([1, 1, 2 / 3, 2 / 3, 3 / 4])


@pytest.mark.parametrize("seed", range(3))
def test_curves_agree_with_scikit_learn(seed):
    random = np.random.default_rng(seed)
    truth = random.random(200) < 0.4
    scores = np.round(random.random(200) * 0.6 + 0.3 * truth, 2)  # rounded, so that there are ties
    grid = np.linspace(0, 1, 2001)
    area = np.trapezoid(roc_on_grid(truth, scores, grid), grid)
    assert area == pytest.approx(roc_auc_score(truth, scores), abs=2e-3)
    false, true, _ = roc_curve(truth, scores, drop_intermediate=False)
    highest = [true[false == rate].max() for rate in false]
    assert roc_on_grid(truth, scores, false) == pytest.approx(highest)
    precision, recall, _ = precision_recall_curve(truth, scores)
    reached = [precision[recall >= place - 1e-12][-1] for place in (0.1, 0.5, 0.9)]
    reached_here = precision_on_grid(truth, scores, np.array([0.1, 0.5, 0.9]))
    assert reached_here == pytest.approx([p if p == p else 1.0 for p in reached])


def test_reliability_by_hand():
    truth = np.array([False, True, True, True])
    found = reliability(truth, np.array([0.02, 0.06, 0.95, 1.0]))
    assert found.predicted == pytest.approx([0.04, 0.975])
    assert found.observed == pytest.approx([0.5, 1.0])
    assert found.counts.tolist() == [2, 2]
    assert calibration_error(found) == pytest.approx((0.46 + 0.025) / 2)


def test_mean_and_range():
    mean, low, high = mean_and_range([np.array([0.0, 1.0]), np.array([1.0, 0.5])])
    assert mean.tolist() == [0.5, 0.75]
    assert low.tolist() == [0.0, 0.5]
    assert high.tolist() == [1.0, 1.0]
