import numpy as np
import pytest
import torch
from torch import nn

from classifiers.errors import ClassifierInputError
from classifiers.registry import find_model
from classifiers.training.separate_batch_norm import (
    SeparateBatchNorm,
    can_separate_batch_norms,
    mark_synthetic,
    separate_batch_norms,
)


def layer():
    return nn.BatchNorm2d(1, eps=0.0, momentum=0.5)


def test_each_kind_is_normalized_by_its_own_statistics_by_hand():
    both = SeparateBatchNorm(layer())
    with torch.no_grad():
        both.auxiliary.weight.fill_(2.0)
        both.auxiliary.bias.fill_(10.0)
    both.is_synthetic = torch.tensor([False, True, False, True])
    images = torch.tensor([1.0, 20.0, 3.0, 40.0]).reshape(4, 1, 1, 1)
    # Real: mean 2, variance 1 → -1, 1. Synthetic: mean 30, variance 100 → -1, 1, times 2, plus 10.
    assert both(images).flatten().tolist() == pytest.approx([-1.0, 8.0, 1.0, 12.0])
    # From 0 and 1 half way to the mean and to the unbiased variance: 2 and 2; 30 and 200.
    assert (both.main.running_mean.item(), both.main.running_var.item()) == pytest.approx((1.0, 1.5))
    assert (both.auxiliary.running_mean.item(), both.auxiliary.running_var.item()) == pytest.approx((15.0, 100.5))


def test_with_real_images_only_it_is_torch_s_layer():
    random = torch.Generator().manual_seed(0)
    images = torch.randn(6, 3, 4, 4, generator=random)
    plain, both = nn.BatchNorm2d(3), SeparateBatchNorm(nn.BatchNorm2d(3))
    both.is_synthetic = torch.zeros(6, dtype=torch.bool)
    torch.testing.assert_close(both(images), plain(images))
    torch.testing.assert_close(both.main.running_mean, plain.running_mean)
    torch.testing.assert_close(both.main.running_var, plain.running_var)
    assert torch.equal(both.auxiliary.running_mean, torch.zeros(3))
    assert torch.equal(both.auxiliary.running_var, torch.ones(3))
    torch.testing.assert_close(both.eval()(images), plain.eval()(images))


def test_gradients_agree_with_finite_differences_and_real_images_get_none_from_synthetic_ones():
    both = SeparateBatchNorm(nn.BatchNorm2d(2))
    both.is_synthetic = torch.tensor([False, True, False, True])
    images = torch.randn(4, 2, 2, 2, generator=torch.Generator().manual_seed(1), requires_grad=True)
    (of_real,) = torch.autograd.grad(both(images)[[0, 2]].pow(3).sum(), images)
    assert of_real[[1, 3]].abs().max() == 0
    step = torch.zeros_like(images)
    step[0, 0, 1, 0] = 1e-2
    with torch.no_grad():
        up, down = (both(images + sign * step)[[0, 2]].pow(3).sum() for sign in (1, -1))
    assert ((up - down) / 2e-2).item() == pytest.approx(of_real[0, 0, 1, 0].item(), rel=1e-2)


def test_after_the_block_the_layers_of_real_images_remain():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Sequential(nn.BatchNorm2d(2)))
    original, names = network[1][0], list(network.state_dict())
    with separate_batch_norms(network):
        assert isinstance(network[1][0], SeparateBatchNorm)
        mark_synthetic(network, torch.tensor([True, False]))
        network(torch.randn(2, 1, 5, 5))
    assert network[1][0] is original
    assert list(network.state_dict()) == names


def test_which_models_can_be_trained_so():
    suited = {name: can_separate_batch_norms(find_model(name)) for name in ("baseline_cnn", "cnn_128", "cnn_64")}
    assert suited == {"baseline_cnn": True, "cnn_128": True, "cnn_64": False}
    assert not can_separate_batch_norms(find_model("transfer:mobilenet_v2"))


def test_a_training_uses_both_and_keeps_one(train, unseen_pixels):
    is_synthetic = np.arange(48) % 4 == 3
    given = {"size": 32, "steps": 6, "checks": 2, "train_is_synthetic": is_synthetic}
    shared, separate = (train("baseline_cnn", synthetic_batch_norm=kind, **given) for kind in ("shared", "separate"))
    again = train("baseline_cnn", synthetic_batch_norm="separate", **given)
    pixels, _ = unseen_pixels(32)
    assert np.array_equal(separate.predict(pixels), again.predict(pixels))
    assert not np.array_equal(separate.predict(pixels), shared.predict(pixels))
    assert list(separate.network.state_dict()) == list(shared.network.state_dict())


def test_a_classifier_without_it_is_refused(train):
    is_synthetic = np.zeros(48, dtype=bool)
    with pytest.raises(ClassifierInputError, match="64-px CNN has no batch normalization that is trained"):
        train("cnn_64", synthetic_batch_norm="separate", train_is_synthetic=is_synthetic)
