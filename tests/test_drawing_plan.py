import pytest

from ganbal.config import load_config
from ganbal.drawing_plan import images_for_run
from ganbal.errors import InputError

COUNTS = {"A": 30, "B": 10}


def drawn(*assignments, counts=COUNTS):
    return images_for_run(counts, load_config(None, assignments))


def test_balance_as_ever_without_doses():
    assert drawn() == {"B": 20}
    assert drawn("synthesis.ratio=0.5") == {"B": 10}
    assert drawn("study.arms=[imbalanced]", "study.doses=[2]") == {"B": 20}


def test_the_largest_dose_is_drawn_for():
    assert drawn("study.doses=[0.25,1.5]") == {"B": 30}
    assert drawn("study.doses=[0.25]") == {"B": 20}, "balance is the least"
    assert drawn("study.doses=[2]", "synthesis.num_images=7") == {"B": 7}, "numbers stay as they are given"


def test_every_class_is_drawn_for_gan_both():
    arms = "study.arms=[imbalanced,gan,gan-both]"
    # 20 in all, in proportion to 30 : 10.
    assert drawn(arms, "gan.conditional=true") == {"A": 15, "B": 20}
    assert drawn(arms, "gan.class_names=[A,B]", "study.doses=[2]") == {"A": 30, "B": 40}
    with pytest.raises(InputError, match=r"gan\.class_names=\[A,B\].*gan\.conditional=true"):
        drawn(arms)


def test_an_unknown_arm_is_told():
    with pytest.raises(InputError, match="arms among imbalanced"):
        drawn("study.arms=[imbalanced,gam]")
