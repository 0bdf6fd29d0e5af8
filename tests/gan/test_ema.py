import pytest
import torch
from torch import nn

from ganbal.gan.ema import MovingAverage, decay_for_step


def test_weight_has_halved_after_the_half_life():
    # 1000 images in steps of 50: 20 steps; far into training the ramp-up no longer matters.
    assert decay_for_step(10**6, 50, 1000.0) ** 20 == pytest.approx(0.5)


def test_ramp_up_shortens_the_half_life_early_on():
    # After 1000 images the half-life is at most 50 images, one step.
    assert decay_for_step(1000, 50, 10_000.0) == pytest.approx(0.5)
    assert decay_for_step(1000, 50, 0.0) == 0.0


@pytest.mark.parametrize("is_cuda", [False, True])
def test_parameters_and_running_statistics_move_by_the_decay(is_cuda):
    average, current = nn.BatchNorm2d(1), nn.BatchNorm2d(1)
    with torch.no_grad():
        current.weight.fill_(3.0)
        current.running_mean.fill_(10.0)
    moving = MovingAverage(average, current)
    if is_cuda:  # where the decay is a tensor
        moving._weight = torch.ones(())
    moving.set_decay(0.75)
    moving.update()
    assert average.weight.item() == pytest.approx(0.75 * 1 + 0.25 * 3)
    assert average.running_mean.item() == pytest.approx(2.5)
    assert current.weight.item() == 3.0
