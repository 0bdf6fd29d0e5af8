import math

import pytest
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

from ganbal.gan.losses import gradient_penalty, hinge, non_saturating


def logits(count=50):
    return torch.randn(2, count, generator=torch.Generator().manual_seed(0))


def test_non_saturating_losses_at_chance_by_hand():
    zeros, loss = torch.zeros(4), non_saturating()
    assert loss.discriminator(zeros, zeros).item() == pytest.approx(2 * math.log(2))
    assert loss.generator(zeros).item() == pytest.approx(math.log(2))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_non_saturating_losses_are_binary_cross_entropy(smoothing):
    real, synthetic = logits()
    loss = non_saturating(smoothing)
    expected = cross_entropy(real, torch.full((50,), 1 - smoothing)) + cross_entropy(synthetic, torch.zeros(50))
    torch.testing.assert_close(loss.discriminator(real, synthetic), expected)
    torch.testing.assert_close(loss.generator(synthetic), cross_entropy(synthetic, torch.ones(50)))


def test_non_saturating_losses_stay_finite_for_a_certain_discriminator():
    loss = non_saturating()
    assert torch.isfinite(loss.discriminator(torch.tensor([-1e4]), torch.tensor([1e4])))
    assert torch.isfinite(loss.generator(torch.tensor([-1e4])))


def test_hinge_by_hand():
    real, synthetic = torch.tensor([2.0, 0.5]), torch.tensor([-3.0, 1.0])
    # Real: 0 and 0.5; synthetic: 0 and 2. The generator wants large logits: -(−3 + 1)/2 = 1.
    assert hinge().discriminator(real, synthetic).item() == pytest.approx(0.25 + 1.0)
    assert hinge().generator(synthetic).item() == pytest.approx(1.0)


def test_gradient_penalty_of_a_linear_discriminator_is_the_squared_norm_of_its_weights():
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 1))
    weight = torch.tensor([[1.0, -2.0, 0.5, 3.0]])
    with torch.no_grad():
        network[1].weight.copy_(weight)
    penalty = gradient_penalty(network, torch.randn(5, 1, 2, 2))
    assert penalty.item() == pytest.approx(1 + 4 + 0.25 + 9)
    penalty.backward()
    torch.testing.assert_close(network[1].weight.grad, 2 * weight)
