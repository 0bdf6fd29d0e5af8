"""The device's pixels against those of albumentations and OpenCV, which the host computes."""

import cv2
import numpy as np
import pytest
import torch

from classifiers.training.augmentation import AUGMENTATIONS, build_augmentation, build_move_sampler
from classifiers.training.augmentation_transforms import KerasMove, KerasZoom, SmallMove
from classifiers.training.batches import augmented_batches
from classifiers.training.config import TrainingConfig
from classifiers.training.device_augmentation import choose_augmentation_place, move_images

CPU = torch.device("cpu")
# OpenCV before 5 rounds positions to 1/32 pixel: up to 1/64 pixel off in each direction.
EXACT_OPENCV = int(cv2.__version__.split(".")[0]) >= 5
MOVES = [
    (KerasZoom(zoom_range=0.3), 1),
    (SmallMove(zoom=0.1, shift=0.05, turn_degrees=7), 1),
    (KerasMove(zoom=0.2, shear_degrees=20, turn_degrees=10, shift=0.1), 1),
    (KerasMove(zoom=0.1, zooms_apart=False, turn_degrees=72, shift=0.3, mirrored_edges=True), 1),
]


def smooth_images(count, size_px, seed=0):
    """Blurred noise over all gray levels, like an image: (N, S, S) uint8."""
    noise = np.random.default_rng(seed).normal(0, 1, (count, size_px, size_px))
    blurred = np.stack([cv2.GaussianBlur(image, (0, 0), 2) for image in noise])
    return np.clip(127 + 100 * blurred / blurred.std(), 0, 255).astype(np.uint8)


def assert_same_pixels(moved, expected):
    """At most one gray level apart, and in no more than 1 % of the pixels (before OpenCV 5: apart on average)."""
    apart = np.abs(np.asarray(moved).astype(int) - np.asarray(expected).astype(int))
    if EXACT_OPENCV:
        assert apart.max() <= 1
        assert (apart > 0).mean() < 0.01
    else:
        assert apart.max() <= 6
        assert apart.mean() < 0.5


@pytest.mark.parametrize(("transform", "seed"), MOVES)
@pytest.mark.parametrize("size_px", [31, 64])
def test_each_move_shows_the_pixels_of_opencv(transform, seed, size_px):
    transform.set_random_seed(seed)
    images, sampled = smooth_images(20, size_px), [transform.get_params() for _ in range(20)]
    expected = np.stack([transform.apply(image, **params) for image, params in zip(images, sampled, strict=True)])
    one_by_one = np.stack([transform.matrix(size_px, size_px, **params) for params in sampled])
    together = {name: np.array([params[name] for params in sampled]) for name in sampled[0]}
    matrices = transform.matrix(size_px, size_px, **together)
    assert np.allclose(matrices, one_by_one, rtol=1e-12, atol=1e-12)
    matrices = matrices.astype(np.float32)
    moved = move_images(
        torch.from_numpy(images), torch.from_numpy(matrices), mirrored_edges=bool(transform.mirrored_edges)
    )
    assert moved.dtype == torch.uint8
    assert_same_pixels(moved, expected)
    # The test would notice images that are not moved.
    assert np.abs(images.astype(int) - expected.astype(int)).mean() > 5


@pytest.mark.parametrize("name", [name for name in AUGMENTATIONS if name != "none"])
def test_each_recipe_samples_and_orders_its_changes_like_albumentations(name):
    images, augment, sampler = smooth_images(40, 48), build_augmentation(name), build_move_sampler(name)
    expected = np.stack([augment(image, (3, number)) for number, image in enumerate(images)])
    matrices = sampler.sample(48, [(3, number) for number in range(40)]).astype(np.float32)
    moved = move_images(torch.from_numpy(images), torch.from_numpy(matrices), mirrored_edges=sampler.mirrored_edges)
    assert_same_pixels(moved, expected)


def test_moves_by_hand():
    image = torch.arange(16, dtype=torch.uint8).reshape(1, 4, 4) * 10
    still, mirror = [[1.0, 0, 0], [0, 1, 0]], [[-1.0, 0, 3], [0, 1, 0]]
    # Every pixel shows the one 1.5 to its right and 1 below: halfway between columns, edges outside.
    shifted = [[1.0, 0, 1.5], [0, 1, 1]]

    def moved(matrix, mirrored_edges):
        return move_images(image, torch.tensor([matrix]), mirrored_edges=mirrored_edges)[0].tolist()

    assert moved(still, False) == image[0].tolist()
    assert moved(mirror, True) == image[0].flip(1).tolist()
    assert moved(shifted, False) == [[55, 65, 70, 70], [95, 105, 110, 110], [135, 145, 150, 150], [135, 145, 150, 150]]
    # Beyond column 3 come columns 3 and 2, beyond row 3 row 3.
    assert moved(shifted, True)[0] == [55, 65, 70, 65]
    assert moved(shifted, True)[3] == moved(shifted, True)[2]


@pytest.mark.parametrize("sampling", ["shuffled", "class-balanced"])
def test_batches_have_the_same_images_and_labels_on_the_host_and_on_the_device(sampling, monkeypatch):
    # So few pixels at a time that the eleven steps are computed in four parts.
    monkeypatch.setattr("classifiers.training.batches._VALUES_AT_ONCE", 3 * 4 * 32**2)
    pixels, labels = smooth_images(20, 32), torch.arange(20) // 15
    pixels.flags.writeable = False

    def batches(place):
        config = TrainingConfig(
            steps=11, batch_size=4, augment="published", augment_on=place, sampling=sampling, seed=2
        )
        return list(augmented_batches(pixels, labels, config))

    on_host, on_device = batches("host"), batches("device")
    assert len(on_host) == len(on_device) == 11
    for (images_a, labels_a), (images_b, labels_b) in zip(on_host, on_device, strict=True):
        assert_same_pixels(images_b, images_a)
        assert torch.equal(labels_a, labels_b)


def test_a_training_on_device_images_reaches_the_losses_of_one_on_host_images(train):
    host, device = (
        train("cnn_64", size=64, steps=6, checks=3, augment="anatomical", augment_on=place).history
        for place in ("host", "device")
    )
    assert [row["val_loss"] for row in device] == pytest.approx([row["val_loss"] for row in host], rel=0.01)


def test_the_place_follows_the_device_unless_the_images_are_too_many():
    cuda = torch.device("cuda", 1)
    assert choose_augmentation_place("auto", CPU, 1000) == "host"
    assert choose_augmentation_place("auto", cuda, 4 * 2**30) == "device"
    assert choose_augmentation_place("auto", cuda, 4 * 2**30 + 1) == "host"
    assert choose_augmentation_place("device", CPU, 1000) == "device"
    assert choose_augmentation_place("host", cuda, 1000) == "host"


@pytest.mark.gpu
@pytest.mark.parametrize("name", [name for name in AUGMENTATIONS if name != "none"])
def test_on_cuda_batches_are_those_of_the_host(name):
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    pixels, labels = smooth_images(50, 64), torch.arange(50) % 2

    def batches(device, place):
        config = TrainingConfig(steps=70, batch_size=32, augment=name, augment_on=place)
        return list(augmented_batches(pixels, labels.to(device), config))

    for (expected, labels_a), (images, labels_b) in zip(batches("cpu", "host"), batches("cuda", "auto"), strict=True):
        assert images.is_cuda
        assert_same_pixels(images.cpu(), expected)
        assert torch.equal(labels_a, labels_b.cpu())


@pytest.mark.gpu
def test_on_cuda_a_recorded_training_is_the_same_with_images_of_the_host_and_of_the_device(train):
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    given = {"size": 64, "steps": 20, "checks": 4, "precision": "float32", "augment": "anatomical", "device": "cuda"}
    host, device = (train("cnn_64", augment_on=place, **given).history for place in ("host", "device"))
    assert [row["val_loss"] for row in device] == pytest.approx([row["val_loss"] for row in host], rel=0.05)
