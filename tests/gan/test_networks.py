import pytest
import torch

from ganbal.config import allowed_gan_sizes_px
from ganbal.gan.networks import Discriminator, Generator, channel_plan, initialise


@pytest.mark.parametrize("size", allowed_gan_sizes_px())
def test_shapes_and_range_at_every_size(size):
    generator, discriminator = Generator(size, 4, 10), Discriminator(size, 4)
    images = generator(torch.randn(2, 10))
    assert images.shape == (2, 1, size, size)
    assert images.abs().max() <= 1
    assert discriminator(images).shape == (2,)


def test_channels_double_and_stop_at_eight_times_the_base():
    assert channel_plan(64, 32) == (4, [256, 128, 64, 32])
    assert channel_plan(160, 64) == (5, [512, 512, 256, 128, 64])
    assert channel_plan(32, 8) == (4, [32, 16, 8])


@pytest.mark.parametrize("size", [8, 10, 30, 33, 96, 100])
def test_other_sizes_are_refused(size):
    with pytest.raises(ValueError, match=f"found {size}"):
        channel_plan(size, 8)


def test_parameter_count_of_the_64_px_generator_by_hand():
    # 100·256·16 + 256·128·16 + 128·64·16 + 64·32·16 + (32·16 + 1) weights, and two numbers a channel of batch norm.
    by_hand = 409_600 + 524_288 + 131_072 + 32_768 + 513 + 2 * (256 + 128 + 64 + 32)
    assert sum(p.numel() for p in Generator(64, 32, 100).parameters()) == by_hand


def test_initial_weights_follow_the_paper_and_the_seed():
    first, second = Generator(64, 32, 100), Generator(64, 32, 100)
    initialise(first, torch.Generator().manual_seed(1))
    initialise(second, torch.Generator().manual_seed(1))
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    weight = first.layers[3].weight
    assert abs(weight.mean()) < 1e-3
    assert weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert first.layers[1].weight.mean().item() == pytest.approx(1, abs=0.01)
    assert torch.count_nonzero(first.layers[-2].bias) == 0
