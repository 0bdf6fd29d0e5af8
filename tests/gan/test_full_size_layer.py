"""The generator's layer at the full size of the images: its start, its size, its numbers by hand."""

import pytest
import torch

from ganbal.config import load_config
from ganbal.gan.full_size_layer import FullSizeLayer
from ganbal.gan.generators import build_generator
from ganbal.gan.networks import DcganGenerator


def build(*assignments):
    small = ["gan.image_size_px=32", "gan.base_channels=4", "gan.latent_dim=8"]
    return build_generator(load_config(None, [*small, *assignments]).gan, None, torch.Generator().manual_seed(0))


def test_training_starts_from_the_generator_without_it():
    plain, deeper, latents = build(), build("gan.full_size_channels=3"), torch.randn(5, 8)
    ours = deeper.state_dict()
    assert all(torch.equal(ours[name], value) for name, value in plain.state_dict().items())
    assert torch.equal(deeper(latents), plain(latents))


def test_parameter_count_by_hand():
    counts = [sum(p.numel() for p in DcganGenerator(32, 4, 8, full_size_channels=n).parameters()) for n in (0, 3)]
    # 4×4 filters from 4 to 3 channels, two numbers of batch norm, a strength of noise, 3×3 filters and a bias.
    assert counts[1] - counts[0] == 4 * 3 * 16 + 2 * 3 + 3 + 3 * 9 + 1


def test_a_layer_by_hand():
    layer = FullSizeLayer(1, 1, latent_dim=1, image_size_px=2, image_channels=1).eval()
    with torch.no_grad():
        layer.up.weight.fill_(1.0)
        layer.to_image.weight.fill_(0.0)
        layer.to_image.weight[0, 0, 1, 1] = 2.0  # only the pixel itself
        layer.to_image.bias.fill_(0.25)
        layer.noise.projection.copy_(torch.tensor([[1.0, -1.0, 1.0, -1.0]]))
        layer.noise.strength.fill_(4.0)
        layer.norm.eps = 0.0
    # Every place is 3; noise of 1.5 · ±1 · 4 makes it 9 and -3, the rectifier 9 and 0, the convolution 18.25 and 0.25.
    image = layer(torch.full((1, 1, 1, 1), 3.0), torch.tensor([[1.5]]))
    assert image.flatten().tolist() == [18.25, 0.25, 18.25, 0.25]


def test_fine_structures_are_no_linear_function_of_the_feature_maps():
    layer = FullSizeLayer(2, 3, latent_dim=4, image_size_px=8, image_channels=1).eval()
    features, latents = torch.randn(2, 1, 2, 4, 4), torch.zeros(1, 4)
    first, second = (layer(each, latents) - layer(0 * each, latents) for each in features)
    both = layer(features[0] + features[1], latents) - layer(0 * features[0], latents)
    assert (both - first - second).abs().max() > 1e-3


@pytest.mark.parametrize("channels", [1, 3])
def test_channels_of_the_images(channels):
    generator = DcganGenerator(32, 4, 8, full_size_channels=3, image_channels=channels)
    assert generator(torch.randn(2, 8)).shape == (2, channels, 32, 32)
    assert torch.equal(generator(torch.ones(2, 8))[0], generator(torch.ones(2, 8))[1])
