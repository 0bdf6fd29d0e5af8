import pytest
import torch
from torch import nn

from ganbal.config import load_config
from ganbal.gan.penalties import PenaltyInputs, choose_penalties, squared_gradient_norm

WEIGHT = torch.tensor([[1.0, -2.0, 0.5, 3.0]])  # squared norm 14.25


class Quadratic(nn.Module):
    """D(x) = (w · x)² / 2, whose gradient at x is (w · x) w."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(WEIGHT.clone())

    def forward(self, images, labels=None):
        return (images.flatten(1) @ self.weight[0]).square() / 2


def inputs():
    real, synthetic = torch.zeros(2, 1, 2, 2), torch.zeros(2, 1, 2, 2)
    real[:, 0, 0, 0] = torch.tensor([1.0, 2.0])  # w · x = 1 and 2
    synthetic[:, 0, 0, 1] = 1.0  # w · x = -2
    return PenaltyInputs(Quadratic(), real, synthetic, None, torch.Generator())


def test_squared_gradient_norm_of_a_linear_discriminator_is_that_of_its_weights():
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 1))
    with torch.no_grad():
        network[1].weight.copy_(WEIGHT)
    penalty = squared_gradient_norm(lambda images, labels: network(images), torch.randn(5, 1, 2, 2))
    assert penalty.item() == pytest.approx(14.25)
    penalty.backward()
    torch.testing.assert_close(network[1].weight.grad, 2 * WEIGHT)


@pytest.mark.parametrize(
    ("gammas", "expected"),
    [
        (("r1_gamma=2",), 4 * 14.25 * (1 + 4) / 2),  # 4 steps, weight 2/2, mean of (w·x)² |w|²
        (("r1_gamma=0", "r2_gamma=1"), 4 * 0.5 * 14.25 * 4),
        (("r1_gamma=2", "r2_gamma=1"), 4 * 14.25 * (1 + 4) / 2 + 4 * 0.5 * 14.25 * 4),
    ],
)
def test_r1_is_taken_at_real_and_r2_at_synthetic_images(gammas, expected):
    config = load_config(None, [*(f"gan.{gamma}" for gamma in gammas), "gan.r1_every_steps=4"]).gan
    penalties, given = choose_penalties(config), inputs()
    total = penalties(given)
    assert total.item() == pytest.approx(expected)
    total.backward()
    assert given.discriminator.weight.grad.abs().sum() > 0


def test_lazy_penalties_are_due_at_the_first_of_so_many_steps():
    lazy = choose_penalties(load_config(None, ["gan.r2_gamma=1", "gan.r1_every_steps=3"]).gan)
    assert [lazy.is_due(step) for step in range(7)] == [True, False, False, True, False, False, True]
    assert not choose_penalties(load_config(None, ["gan.r1_gamma=0"]).gan).is_due(0)
