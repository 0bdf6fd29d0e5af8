import math

import pytest
import torch
from torch import nn

from ganbal.gan.discriminators.combination import Combination
from ganbal.gan.losses import NO_LOGITS, Head, heads_of, hinge, image_score, over_heads, relativistic


class Brightness(nn.Module):
    """One logit: `factor` times the mean of the image."""

    def __init__(self, factor):
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))

    def forward(self, images, labels=None):
        return self.factor * images.mean(dim=(1, 2, 3))


class Corners(nn.Module):
    """Two logits, the upper left and the lower right pixel."""

    heads = (Head(2, 0.5),)

    def forward(self, images, labels=None):
        return torch.stack([images[:, 0, 0, 0], images[:, 0, -1, -1]], dim=1)


def pair():
    return torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]], [[[0.0, 0.0], [0.0, 8.0]]]])


def test_logits_stand_side_by_side_and_weights_multiply():
    both = Combination([(Brightness(2.0), 3.0), (Corners(), 4.0)])
    assert both(pair()).tolist() == [[5.0, 1.0, 4.0], [4.0, 0.0, 8.0]]
    assert heads_of(both) == (Head(1, 3.0), Head(2, 2.0))
    assert heads_of(Brightness(1.0)) == (Head(1, 1.0),)


def test_the_loss_is_the_weighted_sum_of_the_heads_by_hand():
    loss = over_heads(hinge(), (Head(1, 3.0), Head(2, 2.0)))
    real, synthetic = torch.tensor([[0.5, 2.0, 0.0]]), torch.tensor([[-2.0, -1.0, 1.0]])
    # First head: 0.5 + 0. Second head: real (0 + 1) / 2, synthetic (0 + 2) / 2.
    assert loss.discriminator(real, synthetic).item() == pytest.approx(3 * 0.5 + 2 * 1.5)
    # -(-2) and -(-1 + 1) / 2.
    assert loss.generator(NO_LOGITS, synthetic).item() == pytest.approx(3 * 2.0)
    pairs = over_heads(relativistic(), (Head(1, 1.0), Head(2, 1.0)))
    assert pairs.compares_pairs
    equal = torch.ones(4, 3)
    assert pairs.generator(equal, equal).item() == pytest.approx(2 * math.log(2))


def test_penalties_see_the_weighted_mean_logit_of_each_image():
    both = Combination([(Brightness(2.0), 3.0), (Corners(), 4.0)])
    score = image_score(both)
    # 3 · 5 + 2 · (1 + 4) / 2, and 3 · 4 + 2 · (0 + 8) / 2.
    assert score(pair(), None).tolist() == [20.0, 20.0]
    images = pair().requires_grad_(True)
    (gradient,) = torch.autograd.grad(score(images, None).sum(), images)
    # 3 · 2 / 4 everywhere, and 2 / 2 more in the corners.
    assert gradient[0, 0].tolist() == [[2.5, 1.5], [1.5, 2.5]]
    plain = Brightness(1.0)
    assert image_score(plain) is plain
