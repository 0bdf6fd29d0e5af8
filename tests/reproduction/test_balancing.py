import numpy as np
import pytest

from ganbal.reproduction.balancing import balancing_differences, published_difference
from ganbal.reproduction.published import find_published
from ganbal.study.arms import ImageSet
from ganbal.study.cell import Cell
from ganbal.study.cells import TestSet

LABELS = np.array([0, 0, 1, 1])


def predictions(arm, correct_by_seed):
    """Cells whose images are classified correctly, with certainty, where `correct_by_seed` has a 1."""
    cells = {}
    for seed, correct in correct_by_seed.items():
        of_one = np.where(np.array(correct) == 1, LABELS, 1 - LABELS).astype(float)
        cells[Cell(arm, "vgg16", seed)] = np.stack([1 - of_one, of_one], axis=1)
    return cells


@pytest.fixture
def four_images():
    images = ImageSet(np.zeros((4, 8, 8), np.uint8), LABELS)
    return TestSet(images, ["a", "b", "c", "d"], ["p1", "p2", "p3", "p4"], ("NORMAL", "PNEUMONIA"))


def test_differences_are_paired_by_the_seeds_that_both_have(four_images):
    original = predictions("imbalanced", {0: [1, 1, 1, 0], 1: [1, 0, 1, 1], 7: [0, 0, 0, 0]})
    balanced = predictions("gan", {0: [1, 0, 1, 0], 1: [1, 1, 1, 1]})
    rows = {row["metric"]: row for row in balancing_differences(original, balanced, four_images, 0)}
    accuracy = rows["accuracy"]
    # Seed 0: 2/4 - 3/4, seed 1: 4/4 - 3/4; seed 7 has no partner.
    assert accuracy["mean"] == pytest.approx(0) and accuracy["n"] == 2
    assert accuracy["sd"] == pytest.approx(0.5 / np.sqrt(2)) and accuracy["low"] == -1 and accuracy["high"] == 1
    assert accuracy["verdict"] == "no difference found" and accuracy["baseline"] == "imbalanced"
    # Balanced accuracy, seed 0: (1/2 + 1/2)/2 - (1 + 1/2)/2; seed 1: 1 - (1/2 + 1)/2.
    assert rows["balanced_accuracy"]["mean"] == pytest.approx(0)
    assert set(rows) == {"accuracy", "balanced_accuracy", "roc_auc"}


def test_one_seed_has_no_interval(four_images):
    rows = balancing_differences(
        predictions("imbalanced", {0: [1, 1, 0, 0]}), predictions("gan", {0: [1, 1, 1, 0]}), four_images, 0
    )
    assert rows[0]["mean"] == pytest.approx(0.25) and rows[0]["low"] is None
    assert rows[0]["verdict"] == "too few seeds"


def test_published_differences_of_the_springboard_report():
    vgg16, balanced = (find_published("vgg16", arm, True) for arm in ("imbalanced", "gan"))
    assert published_difference(vgg16, balanced) == pytest.approx(-0.03)
    assert published_difference(find_published("cnn_128", "imbalanced", True), balanced) is None
