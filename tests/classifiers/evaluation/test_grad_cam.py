import numpy as np
import pytest
import torch
from torch import nn

from classifiers.errors import ClassifierInputError
from classifiers.evaluation.grad_cam import grad_cam
from classifiers.models.network import Network


def network_of(backbone, weights):
    """A head of one dense layer without bias: (outputs, features) weights."""
    head = nn.Linear(len(weights[0]), len(weights), bias=False)
    head.weight.data = torch.tensor(weights, dtype=torch.float32)
    return Network(backbone, head, mean=(0.0,), std=(1.0,), frozen_backbone=False)


class LightAndShade(nn.Module):
    """Two maps a quarter the size: the mean gray of each 2 by 2 square, and one minus that."""

    def forward(self, images):
        light = nn.functional.avg_pool2d(images, 2)
        return torch.cat([light, 1 - light], dim=1)


QUARTERS = np.zeros((1, 4, 4), np.uint8)
QUARTERS[0, :2, :2], QUARTERS[0, :2, 2:] = 255, 102
# Light maps [[1, .4], [0, 0]], shade [[0, .6], [1, 1]].


def corners(heat):
    """The outermost pixels, which bilinear enlargement leaves as they are: those of the four map pixels."""
    return [heat[0, 0], heat[0, -1], heat[-1, 0], heat[-1, -1]]


def test_one_map_and_equal_weights_give_the_map_itself():
    network = network_of(nn.AvgPool2d(2), [[1.0, 1, 1, 1]])
    heat = grad_cam(network, QUARTERS, np.array([1]))
    assert heat.shape == (1, 4, 4) and heat.dtype == np.float32
    assert corners(heat[0]) == pytest.approx([1, 0.4, 0, 0])
    # Between the pixel centres a quarter and three quarters of the way: 1 - .25 · .6 in the first row.
    assert heat[0, 0, 1] == pytest.approx(0.85)


def test_class_0_of_one_logit_is_its_negative():
    network = network_of(nn.AvgPool2d(2), [[1.0, 1, 1, 1]])
    assert not grad_cam(network, QUARTERS, np.array([0])).any(), "bright squares speak against class 0 only"
    assert corners(grad_cam(network_of(nn.AvgPool2d(2), [[-1.0, -1, -1, -1]]), QUARTERS, np.array([0]))[0]) == (
        pytest.approx([1, 0.4, 0, 0])
    )


def test_maps_are_weighted_by_their_mean_gradient():
    # Light has gradients (4, 0, 0, 0), of mean 1; shade (2, 2, 2, 2), of mean 2: 2 · shade + light = 2 - light.
    network = network_of(LightAndShade(), [[4.0, 0, 0, 0, 2, 2, 2, 2]])
    assert corners(grad_cam(network, QUARTERS, np.array([1]))[0]) == pytest.approx([0.5, 0.8, 1, 1])


def test_every_image_is_explained_for_its_own_class():
    light, shade = [1.0, 1, 1, 1, 0, 0, 0, 0], [0.0, 0, 0, 0, 1, 1, 1, 1]
    network = network_of(LightAndShade(), [light, shade, light])
    heat = grad_cam(network, np.repeat(QUARTERS, 40, axis=0), np.arange(40) % 2)
    assert corners(heat[38]) == pytest.approx([1, 0.4, 0, 0])
    assert corners(heat[39]) == pytest.approx([0, 0.6, 1, 1])


def test_no_evidence_is_no_heat_and_no_nan():
    network = network_of(nn.AvgPool2d(2), [[1.0, 1, 1, 1]])
    heat = grad_cam(network, np.zeros((2, 4, 4), np.uint8), np.array([1, 0]))
    assert (heat == 0).all()


@pytest.mark.parametrize(("model", "size"), [("baseline_cnn", 32), ("vgg16", 64)])
def test_models_of_the_registry_keep_their_weights_and_predictions(train, unseen_pixels, model, size):
    trained = train(model, size=size, steps=2, num_train=16)
    pixels, labels = unseen_pixels(size)
    before = trained.predict(pixels)
    heat = grad_cam(trained.network, pixels[:4], labels[:4])
    assert heat.shape == (4, size, size) and heat.min() >= 0 and heat.max() <= 1
    assert np.array_equal(trained.predict(pixels), before)


@pytest.mark.parametrize("backbone", [nn.AvgPool2d(4), nn.Flatten()])
def test_backbones_without_maps(backbone):
    network = network_of(backbone, [[1.0] * 16])
    with pytest.raises(
        ClassifierInputError, match=r"array of shape .* feature maps \(B, C, h, w\) of more than one pixel"
    ):
        grad_cam(network, QUARTERS, np.array([1]))
