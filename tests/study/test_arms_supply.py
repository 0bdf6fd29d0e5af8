import numpy as np
import pytest

from ganbal.errors import InputError
from ganbal.study.arms.supply import check_supply, synthetic_needed
from ganbal.synthesis.counts import ClassCounts, additions_for

CLASSES = ("NORMAL", "PNEUMONIA")


def counted(real, synthetic):
    return ClassCounts(np.array(real), np.array(synthetic))


@pytest.mark.parametrize(
    ("real", "synthetic", "ratio", "added"),
    [
        ((3, 8), (0, 0), None, [5, 0]),  # nothing synthetic there: what is missing
        ((3, 8), (4, 0), None, [4, 0]),  # as many as gan adds
        ((3, 8), (4, 6), None, [4, 0]),  # the large class's are for gan-both
        ((3, 8), (0, 6), None, [0, 6]),
        ((3, 8), (4, 6), 0.5, [3, 0]),  # 2.5, halves up
        ((3, 8), (4, 6), 2.0, [10, 0]),
        ((3, 8, 6), (0, 0, 0), 0.25, [1, 0, 1]),  # 1.25 and 0.5
        ((5, 5), (2, 3), None, [2, 3]),
    ],
)
def test_what_is_added_by_hand(real, synthetic, ratio, added):
    assert additions_for(counted(real, synthetic), ratio).tolist() == added


def test_needs_are_the_largest_of_all_conditions():
    counts = counted((10, 30), (0, 0))
    assert synthetic_needed([("imbalanced", None), ("duplicated", 9.0)], counts).tolist() == [0, 0]
    assert synthetic_needed([("gan", 0.5), ("gan", 2.0)], counts).tolist() == [40, 0]
    assert synthetic_needed([("gan+augmented", 1.0)], counts).tolist() == [10, 0]
    assert synthetic_needed([("gan", 1.0), ("gan-both", 2.0)], counts).tolist() == [20, 30]


def test_too_few_for_a_ratio_names_the_number_and_the_command():
    with pytest.raises(
        InputError,
        match=r"20 NORMAL, 0 PNEUMONIA synthetic images\. 40 NORMAL, 0 PNEUMONIA are needed for gan\. "
        r"Generate them with `ganbal synthesize --n NORMAL=40 --overwrite`\.$",
    ):
        check_supply([("gan", 1.0), ("gan", 2.0), ("duplicated", 2.0)], counted((10, 30), (20, 0)), CLASSES)


def test_gan_both_without_images_of_a_class_names_the_ways_to_a_generator():
    with pytest.raises(
        InputError,
        match=r"20 NORMAL, 0 PNEUMONIA synthetic images\. 5 NORMAL, 15 PNEUMONIA are needed for gan-both\. Generate "
        r"them with `ganbal synthesize --n NORMAL=20 --n PNEUMONIA=15 --overwrite`\. If there is no generator of "
        r"PNEUMONIA yet.*gan\.class_names=\[NORMAL,PNEUMONIA\].*gan\.conditional=true",
    ):
        check_supply([("gan-both", None)], counted((10, 30), (20, 0)), CLASSES)


def test_enough_is_enough():
    check_supply([("gan", None), ("gan-both", None), ("gan+augmented", 1.0)], counted((10, 30), (20, 15)), CLASSES)
