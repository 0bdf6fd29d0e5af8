import numpy as np
import pytest
import torch

from ganbal.synthesis.label_confirmation import LEAST_RANK, LabelConfirmation, share_below

CPU = torch.device("cpu")
pytestmark = pytest.mark.usefixtures("one_torch_thread")


def images(count, seed, level):
    coarse = np.random.default_rng(seed).normal(level, 25, (count, 6, 6)).repeat(4, axis=1).repeat(4, axis=2)
    return np.clip(coarse, 0, 255).astype(np.uint8)


def test_shares_by_hand():
    # Of 1, 2, 2, 4 none is lower than 1, three than 3, one than 2 (equal numbers are not), all than 5.
    ascending = np.array([1.0, 2.0, 2.0, 4.0])
    assert share_below(np.array([1.0, 3.0, 2.0, 5.0]), ascending).tolist() == [0.0, 0.75, 0.25, 1.0]


def test_ranks_are_the_mean_over_classifiers_by_hand():
    class Brightness:
        def __init__(self, sign):
            self.sign = sign

        def scores(self, pixels):
            return self.sign * pixels.mean(axis=(1, 2))

    both = LabelConfirmation((Brightness(1), Brightness(-1)), (np.array([10.0, 30.0]), np.array([-40.0, -20.0])))
    dark, bright = (np.full((1, 2, 2), level, dtype=np.uint8) for level in (20, 50))
    # 20 is above 10 of (10, 30); -20 is above -40 of (-40, -20): mean of 1/2 and 1/2. 50: 1 and 0.
    assert both.ranks(np.concatenate([dark, bright])).tolist() == [0.5, 0.5]
    assert both.ranks(np.full((1, 2, 2), 35, dtype=np.uint8)).tolist() == [0.75]


def test_other_classes_are_not_confirmed_and_nearly_all_real_images_are():
    check = LabelConfirmation.from_images(images(80, 0, 70), images(120, 1, 180), seed=0, device=CPU)
    of_class, others = check.ranks(images(60, 2, 70)), check.ranks(images(60, 3, 180))
    assert (of_class >= LEAST_RANK).mean() > 0.85
    assert (others >= LEAST_RANK).mean() < 0.05
    again = LabelConfirmation.from_images(images(80, 0, 70), images(120, 1, 180), seed=0, device=CPU)
    assert np.array_equal(again.ranks(images(60, 2, 70)), of_class)
