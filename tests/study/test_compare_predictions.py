import numpy as np
import pytest

from ganbal.study.cell import Cell
from ganbal.study.comparisons import compare_predictions, comparisons


def study(labels, **scores):
    """`scores`: arm → one list of class 1's probabilities for every seed."""
    probabilities = {
        Cell(arm, "cnn", seed): np.column_stack([1 - np.array(of_seed), of_seed])
        for arm, of_seeds in scores.items()
        for seed, of_seed in enumerate(of_seeds)
    }
    return compare_predictions(comparisons(probabilities), probabilities, np.array(labels))


def test_predictions_are_averaged_over_the_seeds_by_hand():
    # Averages of gan: .75 .35 .25 .1, of which all but the second (class 1) are right; all of the baseline are.
    (row,) = study(
        [1, 1, 0, 0],
        imbalanced=[[0.9, 0.8, 0.2, 0.1], [0.9, 0.6, 0.2, 0.1]],
        gan=[[0.9, 0.1, 0.3, 0.1], [0.6, 0.6, 0.2, 0.1]],
    )
    assert (row["arm"], row["baseline"], row["n_seeds"], row["synthetic_ratio"], row["minority_fraction"]) == (
        "gan",
        "imbalanced",
        2,
        None,
        1.0,
    )
    assert (row["mcnemar"]["b"], row["mcnemar"]["c"], row["mcnemar"]["p_value"]) == (1, 0, 1.0)
    assert (row["delong"]["auc"], row["delong"]["auc_baseline"], row["delong"]["difference"]) == (1.0, 1.0, 0.0)


def test_each_test_and_baseline_is_a_family_of_its_own():
    random = np.random.default_rng(0)
    labels = np.arange(200) % 2
    arms = {
        arm: [np.clip(0.5 + reach * (labels - 0.5) + random.normal(0, 0.3, 200), 0, 1)]
        for arm, reach in (("imbalanced", 0.2), ("duplicated", 0.3), ("gan", 0.4), ("gan-both", 0.5))
    }
    rows = study(labels, **arms)
    against_none = [row for row in rows if row["baseline"] == "imbalanced"]
    assert len(against_none) == 3 and len(rows) == 5
    for test in ("mcnemar", "delong"):
        smallest = min(against_none, key=lambda row: row[test]["p_value"])[test]
        assert smallest["p_holm"] == pytest.approx(3 * smallest["p_value"])
        of_copies = min((row for row in rows if row["baseline"] == "duplicated"), key=lambda r: r[test]["p_value"])
        assert of_copies[test]["p_holm"] == pytest.approx(min(1, 2 * of_copies[test]["p_value"]))


def test_areas_need_two_classes_and_two_images_of_each():
    (row,) = study([1, 0, 0], imbalanced=[[0.9, 0.1, 0.2]], gan=[[0.4, 0.1, 0.2]])
    assert row["delong"] is None and row["mcnemar"]["b"] == 1
    three = {Cell(arm, "cnn", 0): np.eye(3) for arm in ("imbalanced", "gan")}
    (row,) = compare_predictions(comparisons(three), three, np.array([0, 1, 2]))
    assert row["delong"] is None and row["mcnemar"]["p_holm"] == 1.0
