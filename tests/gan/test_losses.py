import math

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

from ganbal.config import load_config
from ganbal.gan.losses import LOSSES, NO_LOGITS, choose_loss, hinge, non_saturating, relativistic


def logits(count=50):
    return torch.randn(2, count, generator=torch.Generator().manual_seed(0))


def test_non_saturating_losses_at_chance_by_hand():
    zeros, loss = torch.zeros(4), non_saturating()
    assert loss.discriminator(zeros, zeros).item() == pytest.approx(2 * math.log(2))
    assert loss.generator(NO_LOGITS, zeros).item() == pytest.approx(math.log(2))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_non_saturating_losses_are_binary_cross_entropy(smoothing):
    real, synthetic = logits()
    loss = non_saturating(smoothing)
    expected = cross_entropy(real, torch.full((50,), 1 - smoothing)) + cross_entropy(synthetic, torch.zeros(50))
    torch.testing.assert_close(loss.discriminator(real, synthetic), expected)
    torch.testing.assert_close(loss.generator(NO_LOGITS, synthetic), cross_entropy(synthetic, torch.ones(50)))


def test_non_saturating_losses_stay_finite_for_a_certain_discriminator():
    loss = non_saturating()
    assert torch.isfinite(loss.discriminator(torch.tensor([-1e4]), torch.tensor([1e4])))
    assert torch.isfinite(loss.generator(NO_LOGITS, torch.tensor([-1e4])))


def test_hinge_by_hand():
    real, synthetic = torch.tensor([2.0, 0.5]), torch.tensor([-3.0, 1.0])
    # Real: 0 and 0.5; synthetic: 0 and 2. The generator wants large logits: -(−3 + 1)/2 = 1.
    assert hinge().discriminator(real, synthetic).item() == pytest.approx(0.25 + 1.0)
    assert hinge().generator(NO_LOGITS, synthetic).item() == pytest.approx(1.0)


def test_relativistic_losses_by_hand():
    real, synthetic = torch.tensor([2.0, 0.0]), torch.tensor([2.0, 1.0])
    # Differences synthetic - real are 0 and 1: softplus gives ln 2 and ln(1 + e); the generator's are 0 and -1.
    loss = relativistic()
    assert loss.compares_pairs
    assert loss.discriminator(real, synthetic).item() == pytest.approx((math.log(2) + math.log(1 + math.e)) / 2)
    assert loss.generator(real, synthetic).item() == pytest.approx((math.log(2) + math.log(1 + 1 / math.e)) / 2)


def test_relativistic_loss_sees_differences_only_and_pushes_both_ways():
    real, synthetic = logits().requires_grad_(True)
    loss = relativistic().discriminator(real, synthetic)
    torch.testing.assert_close(loss, relativistic().discriminator(real + 7.0, synthetic + 7.0))
    by_real, by_synthetic = torch.autograd.grad(loss, (real, synthetic))
    torch.testing.assert_close(by_real, -by_synthetic)
    torch.testing.assert_close(by_synthetic, torch.sigmoid(synthetic - real).detach() / len(real))


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_every_loss_of_the_settings_falls_as_its_network_wins(name):
    loss = choose_loss(load_config(None, [f"gan.loss={name}"]).gan)
    low, high = torch.full((4,), -0.5), torch.full((4,), 0.5)
    assert loss.discriminator(high, low) < loss.discriminator(low, high)
    assert loss.generator(low, high) < loss.generator(high, low)
