import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

from ganbal.metrics.quality import KernelQuality, Layout

CPU = torch.device("cpu")


def textured_images(count, seed):
    """(N, 32, 32) uint8: noise of differing contrast on differing gray, with a bright bar at differing heights."""
    random = np.random.default_rng(seed)
    gray, contrast = random.uniform(80, 130, (count, 1, 1)), random.uniform(10, 30, (count, 1, 1))
    images = gray + contrast * random.standard_normal((count, 32, 32))
    for image, height in zip(images, random.integers(0, 28, count), strict=True):
        image[height : height + 4] += 80
    return images.clip(0, 255).astype(np.uint8)


def blurred(images):
    return np.stack([np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(1))) for image in images])


def with_bars_at_one_height(images):
    """Every image rolled until its brightest rows stand in the middle."""
    tops = images.astype(float).mean(axis=2).argmax(axis=1)
    return np.stack([np.roll(image, 14 - top, axis=0) for image, top in zip(images, tops, strict=True)])


@pytest.fixture(scope="module")
def quality():
    return KernelQuality(textured_images(300, 0), CPU)


@pytest.mark.parametrize("spoil", [blurred, with_bars_at_one_height, lambda images: images[:1].repeat(300, 0)])
def test_blur_and_sameness_are_further_away_than_other_images_of_the_kind(quality, spoil):
    fresh = textured_images(300, 1)
    assert quality(fresh) < 0.2
    assert quality(spoil(fresh)) > 2 * quality(fresh)


def test_features_count_by_how_much_they_vary_not_by_how_large_they_are():
    # All images twice as dark: their log energies lie elsewhere, yet among each other they differ as before.
    bright, dark = textured_images(200, 0), textured_images(200, 0) // 2
    other = textured_images(200, 1)
    of_bright, of_dark = KernelQuality(bright, CPU)(blurred(other)), KernelQuality(dark, CPU)(blurred(other) // 2)
    assert of_dark == pytest.approx(of_bright, rel=0.5)


def test_blank_training_images_still_give_a_number():
    blank = np.full((10, 32, 32), 7, dtype=np.uint8)
    assert KernelQuality(blank, CPU)(blank) < 0.01
    assert np.isfinite(KernelQuality(blank, CPU)(textured_images(10, 0)))


def test_layout_is_standardized_over_the_training_images_and_uncorrelated():
    training = textured_images(100, 0)
    coordinates = Layout(training, CPU).coordinates(training)
    assert coordinates.shape == (100, 64)
    np.testing.assert_allclose(coordinates.T @ coordinates / 100, np.eye(64), atol=1e-8)
    np.testing.assert_allclose(coordinates.mean(axis=0), 0, atol=1e-8)


def test_layout_of_two_images_by_hand():
    # One direction is all there is between two images, and they lie on it at -1 and +1.
    pair = np.stack([np.zeros((32, 32), np.uint8), np.full((32, 32), 200, np.uint8)])
    layout = Layout(pair, CPU)
    assert sorted(layout.coordinates(pair)[:, 0]) == pytest.approx([-1, 1])
    halfway = np.full((1, 32, 32), 100, np.uint8)
    assert layout.coordinates(halfway)[0, 0] == pytest.approx(0, abs=1e-9)


@pytest.mark.gpu
def test_the_distance_is_the_same_on_cuda():
    training, others = textured_images(1100, 0), (textured_images(300, 1), blurred(textured_images(300, 1)))
    on_cpu, on_cuda = KernelQuality(training, CPU), KernelQuality(training, torch.device("cuda"))
    for images in others:
        # Features are float32; the kernel takes the third power of their sums.
        assert on_cuda(images) == pytest.approx(on_cpu(images), rel=1e-3)
