"""How well two thumbnails agree once one of them may be shifted.

By the correlation theorem the correlation at every shift is a Fourier transform of A·conj(B); evaluated at quarter
pixels it forgives shifts of any size up to the reach, which neither nearest pixels nor coarse features do.
"""

import math

import numpy as np

REACH = 1 / 16
"""Largest shift, as a share of the side."""
STEPS_A_PIXEL = 4
_BLOCK_ROWS = 512


def aligned_distances(images: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """√(2 - 2 · correlation) at the best shift: (N, K) float64, 0 for shifted copies.

    Args:
        images: (N, S²) thumbnails, each of zero mean and unit length.
        candidates: (N, K, S²) what each of them is compared with. Shifts wrap around at the edges.
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
    """(shifts, S) complex: row s turns a spectrum into the value at shift s."""
    reach = max(round(REACH * side * STEPS_A_PIXEL), 0)
    shifts = np.arange(-reach, reach + 1) / STEPS_A_PIXEL
    # Signed frequencies: a shift by part of a pixel is only defined for waves that are no faster than the pixels.
    return np.exp(2j * np.pi * np.fft.fftfreq(side) * shifts[:, None])
