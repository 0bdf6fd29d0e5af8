import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

from ganbal.metrics.quality import KernelQuality

CPU = torch.device("cpu")


def textured_images(count, seed):
    """(N, 32, 32) uint8: noise of differing contrast on differing grey."""
    random = np.random.default_rng(seed)
    grey, contrast = random.uniform(90, 160, (count, 1, 1)), random.uniform(10, 30, (count, 1, 1))
    return (grey + contrast * random.standard_normal((count, 32, 32))).clip(0, 255).astype(np.uint8)


def blurred(images):
    return np.stack([np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(1))) for image in images])


@pytest.fixture(scope="module")
def quality():
    return KernelQuality(textured_images(200, 0), CPU)


def test_blur_and_sameness_are_further_away_than_other_images_of_the_kind(quality):
    fresh = textured_images(200, 1)
    of_the_kind = abs(quality(fresh))
    assert of_the_kind < 0.3
    assert quality(blurred(fresh)) > 10 * of_the_kind
    assert quality(fresh[:1].repeat(200, axis=0)) > 10 * of_the_kind


def test_features_count_by_how_much_they_vary_not_by_how_large_they_are():
    # All images twice as dark: their log energies lie elsewhere, yet among each other they differ as before.
    bright, dark = textured_images(200, 0), textured_images(200, 0) // 2
    other = textured_images(200, 1)
    of_bright, of_dark = KernelQuality(bright, CPU)(blurred(other)), KernelQuality(dark, CPU)(blurred(other) // 2)
    assert of_dark == pytest.approx(of_bright, rel=0.5)


def test_blank_training_images_still_give_a_number():
    blank = np.full((10, 32, 32), 7, dtype=np.uint8)
    assert KernelQuality(blank, CPU)(blank) == pytest.approx(0, abs=1e-6)
    assert np.isfinite(KernelQuality(blank, CPU)(textured_images(10, 0)))
