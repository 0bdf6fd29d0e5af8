import pytest
import torch
from torch import nn

from ganbal.gan.ema import decay_for_step, update_average


def test_weight_has_halved_after_the_half_life():
    # 1000 images in steps of 50: 20 steps; far into training the ramp-up no longer matters.
    assert decay_for_step(10**6, 50, 1000.0) ** 20 == pytest.approx(0.5)


def test_ramp_up_shortens_the_half_life_early_on():
    # After 1000 images the half-life is at most 50 images, one step.
    assert decay_for_step(1000, 50, 10_000.0) == pytest.approx(0.5)
    assert decay_for_step(1000, 50, 0.0) == 0.0


def test_parameters_and_running_statistics_move_by_the_decay():
    average, current = nn.BatchNorm2d(1), nn.BatchNorm2d(1)
    with torch.no_grad():
        current.weight.fill_(3.0)
        current.running_mean.fill_(10.0)
    update_average(average, current, 0.75)
    assert average.weight.item() == pytest.approx(0.75 * 1 + 0.25 * 3)
    assert average.running_mean.item() == pytest.approx(2.5)
    assert current.weight.item() == 3.0
