from ganbal.study.cell import Cell
from ganbal.study.comparisons import comparisons


def named(cells):
    return [(found.arm, found.synthetic_ratio, found.minority_fraction, found.baseline) for found in comparisons(cells)]


def test_every_arm_against_none_and_against_the_cheap_alternatives():
    arms = ("gan", "class-weights", "imbalanced", "augmented", "duplicated")
    assert named([Cell(arm, "cnn", 0) for arm in arms]) == [
        ("gan", None, 1.0, "imbalanced"),
        ("gan", None, 1.0, "duplicated"),
        ("gan", None, 1.0, "class-weights"),
        ("class-weights", None, 1.0, "imbalanced"),
        ("class-weights", None, 1.0, "duplicated"),
        ("augmented", None, 1.0, "imbalanced"),
        ("augmented", None, 1.0, "duplicated"),
        ("augmented", None, 1.0, "class-weights"),
        ("duplicated", None, 1.0, "imbalanced"),
    ]


def test_alternatives_of_the_same_fraction_and_copies_of_the_same_ratio():
    cells = [
        Cell("imbalanced", "cnn", 0),
        Cell("imbalanced", "cnn", 0, None, 0.1),
        Cell("class-weights", "cnn", 0),
        Cell("duplicated", "cnn", 0, 0.5),
        Cell("gan", "cnn", 0, 0.5),
        Cell("gan", "cnn", 0, 1.0),
        Cell("gan", "cnn", 0, 0.5, 0.1),
    ]
    assert named(cells) == [
        ("class-weights", None, 1.0, "imbalanced"),
        ("duplicated", 0.5, 1.0, "imbalanced"),
        ("gan", 0.5, 1.0, "imbalanced"),
        ("gan", 0.5, 1.0, "duplicated"),
        ("gan", 0.5, 1.0, "class-weights"),
        ("gan", 1.0, 1.0, "imbalanced"),
        ("gan", 1.0, 1.0, "class-weights"),
        ("gan", 0.5, 0.1, "imbalanced"),
    ]


def test_cells_are_paired_by_seed_and_those_without_a_counterpart_left_out():
    cells = [Cell("gan", "cnn", seed) for seed in (2, 0, 1)] + [Cell("imbalanced", "cnn", seed) for seed in (0, 2, 5)]
    (found,) = comparisons(cells)
    assert [(cell.seed, base.seed, base.arm) for cell, base in found.pairs] == [
        (2, 2, "imbalanced"),
        (0, 0, "imbalanced"),
    ]


def test_classifiers_are_not_mixed_and_come_one_after_the_other():
    cells = [Cell(arm, name, 0) for arm in ("imbalanced", "smote", "gan") for name in ("cnn", "svm")]
    cells.remove(Cell("smote", "cnn", 0))
    assert [(found.classifier, found.arm) for found in comparisons(cells)] == [
        ("cnn", "gan"),
        ("svm", "smote"),
        ("svm", "gan"),
    ]
    assert comparisons([Cell("gan", "cnn", 0), Cell("imbalanced", "svm", 0)]) == []
