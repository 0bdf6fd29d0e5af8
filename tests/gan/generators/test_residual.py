import pytest
import torch
from torch.autograd import gradcheck

from ganbal.config import load_config
from ganbal.gan.generators import build_generator
from ganbal.gan.generators.residual import GeneratorBlock, ResidualGenerator
from ganbal.gan.noise_input import NoiseInput
from ganbal.gan.sampling import generate_images, latent_rows

ALL_PARTS = ("gan.output_skips=true", "gan.noise_inputs=true")


def build(*assignments, num_classes=None, seed=0):
    small = ["gan.image_size_px=64", "gan.base_channels=16", "gan.latent_dim=24", "gan.generator=residual"]
    config = load_config(None, [*small, *assignments]).gan
    return build_generator(config, num_classes, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("parts", [(), ("gan.generator_norm=batch",), ALL_PARTS])
@pytest.mark.parametrize("size", [32, 40, 160])
def test_shapes_range_and_seed(size, parts):
    assignments = (f"gan.image_size_px={size}", "gan.base_channels=4", *parts)
    network, same, other = build(*assignments), build(*assignments), build(*assignments, seed=1)
    latents = torch.randn(2, 24)
    images = network(latents)
    assert images.shape == (2, 1, size, size)
    assert images.abs().max() <= 1
    assert torch.equal(same(latents), images)
    assert not torch.equal(other(latents), images)


def test_parameter_count_by_hand():
    # Start 24 → 64·16, blocks of two 3×3 convolutions at 64, 32 and 16 channels, two changes, the image.
    start = 24 * 1024 + 1024
    blocks = sum(2 * (9 * c * c + c) for c in (64, 32, 16))
    changes, image = 64 * 32 + 32 + 32 * 16 + 16, 9 * 16 + 1
    plain = sum(p.numel() for p in build("gan.image_size_px=32").parameters())
    assert plain == start + blocks + changes + image
    # An image per block, a strength per channel.
    every = sum(p.numel() for p in build("gan.image_size_px=32", *ALL_PARTS).parameters())
    assert every - plain == (64 + 32 + 16) + 3 + (64 + 32 + 16)


def test_blocks_begin_as_the_identity_and_initial_outputs_are_moderate():
    network = build(*ALL_PARTS)
    features, latents = torch.randn(4, 64, 8, 8), torch.randn(4, 24)
    assert torch.equal(network.blocks[1](features, latents), features)
    # √(2 / (1 + 0.2²) / (9 · 128)) divided by √4 blocks.
    assert network.blocks[0].first.weight.std().item() == pytest.approx((2 / 1.04 / 1152) ** 0.5 / 2, rel=0.03)
    before_tanh = network(torch.randn(64, 24)).atanh()
    assert 0.3 < before_tanh.square().mean().sqrt().item() < 1.5


def test_a_block_by_hand():
    noise = NoiseInput(1, 1, 1, torch.Generator().manual_seed(0))
    block = GeneratorBlock(1, normalized=False, noise=noise)
    with torch.no_grad():
        noise.projection.fill_(1.0)
        noise.strength.fill_(0.5)
        for layer, value in ((block.first, 3.0), (block.second, 2.0)):
            layer.weight.zero_()
            layer.weight[0, 0, 1, 1] = value
            layer.bias.fill_(-1.0)
    # 2 → 3 · 2 - 1 = 5, plus 0.5 · the latent 4 = 7; 2 · 7 - 1 = 13; 2 + 13 = 15.
    assert block(torch.tensor([[[[2.0]]]]), torch.tensor([[4.0]])).item() == pytest.approx(15.0)
    # -5 → the rectifier leaves -1 → -4, plus 2 = -2 → -0.4 → -1.8; -5 - 1.8.
    assert block(torch.tensor([[[[-5.0]]]]), torch.tensor([[4.0]])).item() == pytest.approx(-6.8)


def test_images_of_all_resolutions_are_summed_by_hand():
    """With every layer at 0 but the biases of the small images, the output is the hyperbolic tangent of their sum."""
    network = build("gan.output_skips=true")
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        for layer, value in zip(network.to_small_images, (0.1, 0.2, 0.3, 0.05), strict=True):
            layer.bias.fill_(value)
    expected = torch.full((2, 1, 64, 64), 0.65).tanh()
    torch.testing.assert_close(network(torch.randn(2, 24)), expected)


def test_noise_is_standard_normal_differs_between_places_and_depends_on_the_latent_vector_alone():
    latents = torch.randn(4000, 100, generator=torch.Generator().manual_seed(1))
    noise = NoiseInput(1, 100, 16, torch.Generator().manual_seed(0))
    with torch.no_grad():
        noise.strength.fill_(1.0)
    maps = noise(torch.zeros(4000, 1, 16, 16), latents).detach().flatten(1)  # (4000, 256)
    assert (maps.std(dim=0) - 1).abs().max() < 0.06
    correlations = torch.corrcoef(maps.T).fill_diagonal_(0)
    assert correlations.abs().mean() < 0.12
    again = NoiseInput(1, 100, 16, torch.Generator().manual_seed(0))
    assert torch.equal(again.projection, noise.projection)


def test_an_image_with_noise_depends_on_its_latent_vector_alone():
    network = build(*ALL_PARTS)
    with torch.no_grad():
        for block in network.blocks:
            block.noise.strength.fill_(0.5)
            block.second.weight.normal_(0, 0.05, generator=torch.Generator().manual_seed(2))
    latents = latent_rows(3, 6, 24)
    whole = torch.from_numpy(next(generate_images(network, latents, 6)))
    parts = torch.cat([torch.from_numpy(part) for part in generate_images(network, latents, 2)])
    assert torch.equal(whole, parts)
    assert torch.equal(torch.from_numpy(next(generate_images(network, latents[4:], 6))), whole[4:])
    without = build(*ALL_PARTS)
    without.load_state_dict(network.state_dict())
    for block in without.blocks:
        block.noise.strength.data.zero_()
    assert not torch.equal(torch.from_numpy(next(generate_images(without, latents, 6))), whole)


def test_checkpoints_hold_no_noise():
    assert not any("projection" in name for name in build(*ALL_PARTS).state_dict())


def test_every_weight_gets_a_gradient_once_the_blocks_have_moved():
    network = build("gan.base_channels=4", *ALL_PARTS, num_classes=2)
    with torch.no_grad():
        for block in network.blocks:
            block.second.weight.normal_(0, 0.05, generator=torch.Generator().manual_seed(1))
    network(torch.randn(4, 24), torch.tensor([0, 1, 0, 1])).square().sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in network.parameters())


def test_gradients_agree_with_finite_differences():
    network = ResidualGenerator(32, 4, 3, output_skips=True, noise_inputs=True).double()
    random = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.normal_(0, 0.2, generator=random)
    latents = torch.randn(1, 3, dtype=torch.float64, generator=random, requires_grad=True)
    assert gradcheck(lambda given: network(given)[:, :, ::9, ::9], (latents,), eps=1e-6, atol=1e-5)


@pytest.mark.parametrize("norm", ["none", "batch"])
def test_classes_differ(norm):
    network = build(f"gan.generator_norm={norm}", num_classes=3)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if "second" in name or "norm" in name:  # blocks start as the identity
                parameter.normal_(0, 0.1, generator=torch.Generator().manual_seed(1))
    latents = torch.randn(2, 24)
    assert not torch.equal(network(latents, torch.tensor([0, 0])), network(latents, torch.tensor([1, 1])))


def test_the_class_enters_at_the_start_or_in_batch_normalization():
    plain, at_start, normalized, of_classes = (
        sum(parameter.numel() for parameter in build(f"gan.generator_norm={norm}", num_classes=number).parameters())
        for norm, number in (("none", None), ("none", 3), ("batch", None), ("batch", 3))
    )
    network = build()
    assert at_start - plain == 24 * network.start.out_features + 3 * 24
    # Two normalizations per block, each with a gain and a bias per channel, for three classes in place of one.
    channels = [block.first.in_channels for block in network.blocks]
    assert of_classes - normalized == (3 - 1) * 2 * 2 * sum(channels)
