import math

import torch
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

from ganbal.gan.losses import discriminator_loss, generator_loss


def test_losses_at_chance_by_hand():
    zeros = torch.zeros(4)
    assert discriminator_loss(zeros, zeros).item() == torch.tensor(2 * math.log(2)).item()
    assert generator_loss(zeros).item() == torch.tensor(math.log(2)).item()


def test_losses_are_binary_cross_entropy():
    real, synthetic = torch.randn(2, 50, generator=torch.Generator().manual_seed(0))
    expected = cross_entropy(real, torch.ones(50)) + cross_entropy(synthetic, torch.zeros(50))
    torch.testing.assert_close(discriminator_loss(real, synthetic), expected)
    torch.testing.assert_close(generator_loss(synthetic), cross_entropy(synthetic, torch.ones(50)))


def test_losses_stay_finite_for_a_certain_discriminator():
    assert torch.isfinite(discriminator_loss(torch.tensor([-1e4]), torch.tensor([1e4])))
    assert torch.isfinite(generator_loss(torch.tensor([-1e4])))
