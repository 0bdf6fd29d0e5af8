"""Distances between thumbnails at the best of many small shifts.

By the correlation theorem, the correlation at every shift is the Fourier transform of A·conj(B). Evaluated at quarter
pixels, it tolerates any shift up to a limit, which neither pixel distances nor coarse features do.
"""

import math

import numpy as np

MAX_SHIFT = 1 / 16
"""Largest shift, as a share of the side."""
STEPS_PER_PIXEL = 4
_BLOCK_ROWS = 512


def aligned_distances(images: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """√(2 - 2 · correlation) at the best shift: (N, K) float64, 0 for shifted copies.

    Args:
        images: (N, S²) thumbnails, each of zero mean and unit length.
        candidates: (N, K, S²) thumbnails that each image is compared with. Shifts wrap around at the edges.
    """
    side = math.isqrt(images.shape[1])
    assert side**2 == images.shape[1]
    waves = _shift_waves(side)
    best = np.empty(candidates.shape[:2])
    for start in range(0, len(images), _BLOCK_ROWS):
        rows = slice(start, start + _BLOCK_ROWS)
        one = np.fft.fft2(images[rows].reshape(-1, 1, side, side))
        others = np.fft.fft2(candidates[rows].reshape(len(one), -1, side, side))
        correlations = (waves @ (one * others.conj()) @ waves.T).real / side**2  # (rows, K, shifts, shifts)
        best[rows] = correlations.max(axis=(2, 3))
    return np.sqrt((2.0 - 2.0 * best).clip(min=0.0))


def _shift_waves(side: int) -> np.ndarray:
    """(shifts, S) complex: row s maps a spectrum to its value at shift s."""
    steps = max(round(MAX_SHIFT * side * STEPS_PER_PIXEL), 0)
    shifts = np.arange(-steps, steps + 1) / STEPS_PER_PIXEL
    # Signed frequencies: a fractional shift is only defined for waves below the sampling limit.
    return np.exp(2j * np.pi * np.fft.fftfreq(side) * shifts[:, None])
