"""The radial power spectrum of image sets: how much of the contrast is in structures of each size.

Generators with transposed convolutions miss the spectrum of real images at high frequencies (Durall et al. 2020,
arXiv:2003.01826), which a small network uses to separate the two.
"""

import numpy as np

_LEAST_POWER = 1e-6
"""Far below the power of one gray level of noise; blank images have none at all."""


def radial_power_spectrum(images: np.ndarray) -> np.ndarray:
    """Mean power of a frequency with so many cycles per side, from 1 to S/2: (S // 2,) float64, in gray levels².

    The powers of all S² frequencies sum to the variance of an image's pixels. Each image is centered and multiplied
    with a Hann window, as its opposite edges do not fit together. The channels of RGB images count as images.

    Args:
        images: (N, S, S) or (N, S, S, 3) uint8.
    """
    if images.ndim == 4:
        images = np.concatenate(np.moveaxis(images, 3, 0))  # (3 · N, S, S)
    size_px = images.shape[1]
    window = np.hanning(size_px + 2)[1:-1]
    frequencies = np.fft.fftfreq(size_px, 1 / size_px)
    radius = np.rint(np.hypot(frequencies[:, None], frequencies)).astype(int)
    total = np.zeros((size_px, size_px))
    for image in images:
        centered = image - image.mean(dtype=np.float64)
        total += np.square(np.abs(np.fft.fft2(centered * window[:, None] * window)))
    power = total / (len(images) * size_px**2 * np.square(window).sum() ** 2)
    sums = np.bincount(radius.ravel(), power.ravel())
    return (sums / np.bincount(radius.ravel()))[1 : size_px // 2 + 1]


def spectrum_difference_db(real: np.ndarray, synthetic: np.ndarray) -> float:
    """Root mean square difference between the spectra of two image sets, (N, S, S) or (N, S, S, 3) uint8, in decibels.

    0 for equal spectra; 6 where structures of every size have twice or half the contrast.
    """
    spectra = [np.log10(radial_power_spectrum(images) + _LEAST_POWER) for images in (real, synthetic)]
    return float(np.sqrt(np.mean(np.square(10 * (spectra[1] - spectra[0])))))
