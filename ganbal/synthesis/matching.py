"""Matching of synthetic images to real ones: exposures and spectra that a classifier could use as a shortcut.

A set is changed as a whole: which images are dark and which are bright stays, how dark and how bright becomes that of
the real images. The channels of RGB images are matched one by one.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from ganbal.metrics.power_spectrum import radial_power_spectrum

_LARGEST_GAIN = 4.0
"""Of a frequency's amplitude; more would amplify what is hardly there, which is noise."""


def match_intensity(synthetic: np.ndarray, real: np.ndarray) -> np.ndarray:
    """Give each image a mean and a standard deviation of its pixels such that both are distributed as in real images.

    The image with the p-th lowest mean gets the p-th quantile of the means of real images; the same for deviations.

    Args:
        synthetic: (M, S, S) uint8.
        real: (N, S, S) uint8.

    Returns:
        (M, S, S) uint8.
    """
    mean, deviation = _moments(synthetic)
    new_mean, new_deviation = (
        _with_distribution_of(ours, theirs)[:, None, None]
        for ours, theirs in zip((mean, deviation), _moments(real), strict=True)
    )
    # An image of one gray level stays one.
    contrast = new_deviation / np.where(deviation > 0, deviation, 1.0)[:, None, None]
    return _as_pixels((synthetic - mean[:, None, None]) * contrast + new_mean)


def match_spectrum(synthetic: np.ndarray, real: np.ndarray) -> np.ndarray:
    """Scale each frequency, by the same factor in all images, so that the mean radial spectrum is that of real images.

    The factors are limited to between 1/4 and 4; an image's mean stays.

    Args:
        synthetic: (M, S, S) uint8.
        real: (N, S, S) uint8.

    Returns:
        (M, S, S) uint8.
    """
    size_px = synthetic.shape[1]
    ours, theirs = (radial_power_spectrum(images) for images in (synthetic, real))
    ratio = np.divide(theirs, ours, out=np.ones_like(ours), where=ours > 0)
    gains = np.clip(np.sqrt(ratio), 1 / _LARGEST_GAIN, _LARGEST_GAIN)
    frequencies = np.fft.fftfreq(size_px, 1 / size_px)
    radius = np.rint(np.hypot(frequencies[:, None], frequencies)).astype(int)
    # The highest frequencies, in the corners of the spectrum, get the factor of the last radius.
    factors = np.concatenate([[1.0], gains])[np.minimum(radius, len(gains))]
    changed = (np.fft.ifft2(np.fft.fft2(image.astype(np.float64)) * factors).real for image in synthetic)
    return np.stack([_as_pixels(image) for image in changed])


MATCHINGS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "spectrum": match_spectrum,
    "intensity": match_intensity,
}
"""In the order in which they are done: changing the spectrum changes the contrast."""


def match(synthetic: np.ndarray, real: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """The images after the matchings of these names.

    Args:
        synthetic: (M, S, S) or (M, S, S, 3) uint8.
        real: (N, S, S) or (N, S, S, 3) uint8.

    Returns:
        uint8 of the shape of `synthetic`.
    """
    if synthetic.ndim == 4:
        channels = range(synthetic.shape[3])
        return np.stack([match(synthetic[..., c], real[..., c], names) for c in channels], axis=3)
    for name, change in MATCHINGS.items():
        if name in names:
            synthetic = change(synthetic, real)
    return synthetic


def _moments(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each image's pixels, (N,) float64 each."""
    return images.mean(axis=(1, 2), dtype=np.float64), images.std(axis=(1, 2), dtype=np.float64)


def _with_distribution_of(values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """(M,) in the order of `values` (M,), distributed as `wanted` (N,)."""
    return np.quantile(wanted, (pd.Series(values).rank().to_numpy() - 0.5) / len(values))


def _as_pixels(values: np.ndarray) -> np.ndarray:
    return np.rint(values).clip(0, 255).astype(np.uint8)
