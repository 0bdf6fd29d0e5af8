import copy

import pytest
import torch

from classifiers.registry import build_model
from ganbal.config import load_config
from ganbal.errors import InputError
from ganbal.gan.discriminators import build_discriminator
from ganbal.gan.discriminators.projected import FrozenFeatures, RandomMixing, check_projection
from ganbal.gan.losses import Head


def build(*assignments, seed=0, size=32):
    given = [f"gan.image_size_px={size}", "gan.discriminators=[projected]", "gan.projection_weights=none"]
    config = load_config(None, [*given, *assignments]).gan
    return build_discriminator(config, None, torch.Generator().manual_seed(seed), seed)


@pytest.fixture(scope="module")
def projected():
    return build()


def images(count=2, size=32, seed=0):
    return torch.rand((count, 1, size, size), generator=torch.Generator().manual_seed(seed)) * 2 - 1


@pytest.mark.parametrize(
    ("network", "sides"),
    [("mobilenet_v2", [32, 16, 8, 4]), ("resnet18", [32, 16, 8, 4]), ("squeezenet1_1", [63, 31, 15, 7])],
)
def test_maps_are_the_last_at_each_of_the_four_coarsest_resolutions(network, sides):
    built = build_model(f"transfer:{network}", 2, 128, "none")
    features = FrozenFeatures(built.backbone, built.mean, built.std)
    maps = features(images(size=128))
    assert [values.shape[-1] for values in maps] == sides
    # The last map is what the network pools.
    pooled = built.backbone(((images(size=128) + 1) / 2 - built.mean) / built.std)
    assert torch.allclose(maps[-1].mean(dim=(2, 3)), pooled.flatten(1), atol=1e-5)


def test_one_logit_per_place_of_every_map_and_the_same_weight_for_every_resolution(projected):
    # MobileNetV2 at 32 px: 16, 8, 4 and 2 px, as one pixel is left out.
    assert projected.heads == (Head(256, 0.25), Head(64, 0.25), Head(16, 0.25), Head(4, 0.25))
    assert projected(images()).shape == (2, 340)


def test_only_the_heads_are_trained_and_the_backbone_does_not_follow_the_batches(projected):
    trained = {name.split(".")[0] for name, parameter in projected.named_parameters() if parameter.requires_grad}
    assert trained == {"scorers"}
    before = copy.deepcopy(projected.features.state_dict())
    projected.train()
    given = images().requires_grad_(True)
    projected(given).sum().backward()
    after = projected.features.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert given.grad.abs().sum() > 0
    assert all(parameter.grad.abs().sum() > 0 for parameter in projected.scorers.parameters())


def test_mixing_goes_from_coarse_to_fine_by_hand():
    mixing = RandomMixing([1, 1], torch.Generator().manual_seed(0))
    with torch.no_grad():
        for mix, value in zip(mixing.across_channels, (2.0, 3.0), strict=True):
            mix.weight.zero_()
            mix.weight[0, 0] = value
        mixing.across_resolutions[0].weight.zero_()
        mixing.across_resolutions[0].weight[0, 0, 1, 1] = 10.0
    fine, coarse = mixing([torch.arange(4.0).reshape(1, 1, 2, 2), torch.full((1, 1, 1, 1), 5.0)])
    # The fine map is doubled and gets ten times the coarse one, 3 · 5, at every place.
    assert coarse[0, 0].tolist() == [[15.0]]
    assert fine[0, 0].tolist() == [[150.0, 152.0], [154.0, 156.0]]
    assert not any(parameter.requires_grad for parameter in mixing.parameters())


def test_the_seed_decides_mixing_and_heads():
    first, same, other = build(seed=1), build(seed=1), build(seed=2)
    assert torch.equal(first.eval()(images()), same.eval()(images()))
    assert not torch.equal(first(images()), other.eval()(images()))


def test_an_unknown_network_and_a_missing_file_are_refused_before_training(tmp_path):
    def check(*assignments):
        check_projection(load_config(None, ["gan.discriminators=[dcgan,projected]", *assignments]).gan)

    with pytest.raises(InputError, match=r"'transfer:mobilnet'.*gan\.projection_backbone"):
        check("gan.projection_backbone=mobilnet")
    with pytest.raises(InputError, match="There is no file"):
        check(f"gan.projection_weights={tmp_path / 'none.pth'}")
    check("gan.projection_weights=none")
    with pytest.raises(InputError, match=r"gan\.conditional needs the discriminators dcgan, residual or patches"):
        load_config(None, ["gan.discriminators=[projected]", "gan.conditional=true"])
