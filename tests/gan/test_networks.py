import pytest
import torch

from ganbal.config import allowed_gan_sizes_px
from ganbal.gan.initialization import initialize_as_dcgan, initialize_unnormalized
from ganbal.gan.networks import DcganGenerator, Discriminator, MinibatchStddev, channel_plan


@pytest.mark.parametrize("size", allowed_gan_sizes_px())
def test_shapes_and_range_at_every_size(size):
    generator, discriminator = DcganGenerator(size, 4, 10), Discriminator(size, 4)
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
    # 100·256·16 + 256·128·16 + 128·64·16 + 64·32·16 + (32·16 + 1) weights, and two numbers per channel of batch norm.
    by_hand = 409_600 + 524_288 + 131_072 + 32_768 + 513 + 2 * (256 + 128 + 64 + 32)
    assert sum(p.numel() for p in DcganGenerator(64, 32, 100).parameters()) == by_hand


def test_initial_weights_follow_the_paper_and_the_seed():
    first, second = DcganGenerator(64, 32, 100), DcganGenerator(64, 32, 100)
    initialize_as_dcgan(first, torch.Generator().manual_seed(1))
    initialize_as_dcgan(second, torch.Generator().manual_seed(1))
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    weight = first.layers[3].weight
    assert abs(weight.mean()) < 1e-3
    assert weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert first.layers[1].weight.mean().item() == pytest.approx(1, abs=0.01)
    assert torch.count_nonzero(first.layers[-2].bias) == 0


def test_minibatch_stddev_by_hand():
    features = torch.zeros(8, 2, 1, 1)
    features[:4, 0, 0, 0] = torch.tensor(
        [1.0, 1.0, 3.0, 3.0]
    )  # standard deviation 1 in the first group's first feature
    features[4:, 1, 0, 0] = torch.tensor([0.0, 0.0, 0.0, 8.0])  # and √12 in the second group's second one
    result = MinibatchStddev()(features)
    assert torch.equal(result[:, :2], features)
    expected = torch.tensor([1 / 2] * 4 + [12**0.5 / 2] * 4)
    torch.testing.assert_close(result[:, 2, 0, 0], expected, atol=1e-4, rtol=0)


def test_minibatch_stddev_of_an_odd_batch_and_of_equal_images():
    images = torch.ones(6, 3, 2, 2, requires_grad=True)
    result = MinibatchStddev()(images)
    assert result.shape == (6, 4, 2, 2)
    assert result[:, 3].max() < 1e-3
    result.sum().backward()
    assert torch.isfinite(images.grad).all()


def test_a_discriminator_with_minibatch_stddev_scores_copies_and_different_images_differently():
    discriminator = Discriminator(32, 4, minibatch_stddev=True).eval()
    initialize_as_dcgan(discriminator, torch.Generator().manual_seed(0))
    images = torch.rand(4, 1, 32, 32, generator=torch.Generator().manual_seed(1)) * 2 - 1
    among_copies = discriminator(images[:1].repeat(4, 1, 1, 1))
    assert torch.equal(among_copies, among_copies[:1].repeat(4))
    assert not torch.allclose(discriminator(images)[0], among_copies[0], atol=1e-6)


def test_unnormalized_discriminator_keeps_the_size_of_activations():
    """He initialization: the mean square of every layer's output stays near that of its input; batch norm is absent."""
    discriminator = Discriminator(64, 32, "none")
    initialize_unnormalized(discriminator, torch.Generator().manual_seed(0))
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in discriminator.modules())
    first = discriminator.layers[0].weight
    assert first.std().item() == pytest.approx((2 / (1 + 0.2**2) / 16) ** 0.5, rel=0.1)  # gain² / fan-in
    features, sizes = torch.randn(16, 1, 64, 64, generator=torch.Generator().manual_seed(1)), []
    with torch.no_grad():
        for layer in discriminator.layers[:-1]:
            features = layer(features)
            sizes.append(features.square().mean().item())
    assert all(0.5 < size < 2 for size in sizes[1::2])
    assert all(torch.count_nonzero(layer.bias) == 0 for layer in discriminator.layers[::2])
