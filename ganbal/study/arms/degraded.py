"""The arm that hides traces of the generator: real and synthetic images are degraded alike."""

import io
from dataclasses import replace

import numpy as np
from PIL import Image, ImageFilter

from ganbal.study.arms.generated import gan
from ganbal.study.arms.image_set import ImageSet, TrainingSet

MOST_BLUR = 1 / 64
"""Largest standard deviation of the blur, as a share of the image's side: 1 px of 64."""
MOST_NOISE = 6.0
"""Largest standard deviation of the noise, in gray levels."""
LOWEST_QUALITY, HIGHEST_QUALITY = 50, 95
"""Of the JPEG compression."""


def gan_degraded(
    real: ImageSet, synthetic: ImageSet, additions: np.ndarray, random: np.random.Generator
) -> TrainingSet:
    """The images of `gan`, each blurred, with noise and compressed as JPEG, once and to a random degree.

    Real and synthetic images are treated alike, so the sharpness, the grain and the compression of an image do not
    tell which it is. Images of the validation and test sets are left as they are.
    """
    training = gan(real, synthetic, additions, random)
    pixels = np.stack([degraded(image, random) for image in training.images.pixels])
    return replace(training, images=ImageSet(pixels, training.images.labels))


def degraded(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The uint8 image, blurred, with Gaussian noise, then compressed; strengths are uniform from 0 to the largest."""
    blur, noise, quality = (
        random.uniform(0, MOST_BLUR * image.shape[0]),
        random.uniform(0, MOST_NOISE),
        int(random.integers(LOWEST_QUALITY, HIGHEST_QUALITY + 1)),
    )
    blurred = np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(blur)), dtype=np.float64)
    noisy = np.clip(np.rint(blurred + random.normal(0, noise, image.shape)), 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noisy).save(buffer, format="JPEG", quality=quality)
    with Image.open(buffer) as compressed:
        return np.asarray(compressed, dtype=np.uint8)
