import pytest
import torch

from ganbal.config import load_config
from ganbal.gan.discriminators import build_discriminator
from ganbal.gan.discriminators.residual import ResidualBlock


def build(*assignments, num_classes=None, seed=0):
    small = ["gan.image_size_px=64", "gan.base_channels=16", "gan.discriminators=[residual]", *assignments]
    return build_discriminator(load_config(None, small).gan, num_classes, torch.Generator().manual_seed(seed), seed)


def test_a_block_by_hand():
    block = ResidualBlock(1)
    with torch.no_grad():
        for layer, value in ((block.first, 3.0), (block.second, 2.0)):
            layer.weight.zero_()
            layer.weight[0, 0, 1, 1] = value
            layer.bias.fill_(-1.0)
    # 2: 2 + 2 · (3 · 2 - 1) - 1 = 11. -5: the rectifier leaves -1, then -4, of which -0.8 is left: -5 - 1.6 - 1.
    features = torch.tensor([2.0, -5.0]).reshape(1, 1, 1, 2)
    assert block(features).flatten().tolist() == pytest.approx([11.0, -7.6])


def test_blocks_begin_as_the_identity_and_keep_the_size_of_activations():
    network = build("gan.minibatch_stddev=false")
    blocks = [module for module in network.modules() if isinstance(module, ResidualBlock)]
    # 32, 16, 8 and 4 px, with 16 to 128 channels.
    assert [block.first.in_channels for block in blocks] == [16, 32, 64, 128]
    features = torch.randn(2, 64, 8, 8)
    assert torch.equal(blocks[2](features), features)
    # √(2 / (1 + 0.2²) / (9 · 128)) divided by √4 blocks.
    assert blocks[-1].first.weight.std().item() == pytest.approx((2 / 1.04 / 1152) ** 0.5 / 2, rel=0.03)
    logits = network(torch.randn(64, 1, 64, 64))
    assert logits.shape == (64,)
    assert 0.05 < logits.std().item() < 5


def test_every_weight_gets_a_gradient_once_the_blocks_have_moved():
    network = build("gan.base_channels=4")
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, ResidualBlock):
                module.second.weight.normal_(0, 0.05, generator=torch.Generator().manual_seed(1))
    images = torch.randn(4, 1, 64, 64, requires_grad=True)
    network(images).sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in network.parameters())
    assert images.grad.abs().sum() > 0


def test_class_conditional_logits_differ_by_class_and_the_seed_decides_the_weights():
    network = build("gan.base_channels=4", num_classes=3)
    images = torch.randn(3, 1, 64, 64)
    zero, one = (network(images, torch.full((3,), label)) for label in (0, 1))
    assert not torch.equal(zero, one)
    same, other = build("gan.base_channels=4", num_classes=3), build("gan.base_channels=4", num_classes=3, seed=1)
    assert torch.equal(same(images, torch.zeros(3, dtype=torch.int64)), zero)
    assert not torch.equal(other(images, torch.zeros(3, dtype=torch.int64)), zero)
