"""What lies where in an image, in a few numbers that the training images choose."""

import numpy as np
import torch
from torch.nn import functional

_SIDE_PX = 16
_MOST_DIRECTIONS = 64
_LEAST_DEVIATION = 1e-6


class Layout:
    """Coordinates of 16-px thumbnails along the principal directions of the training images.

    Every coordinate has mean 0 and standard deviation 1 over the training images. A set that draws a structure in one
    place only, where it varies in the training images, lies elsewhere.

    Args:
        training: (N, S, S) uint8, N ≥ 2.
    """

    def __init__(self, training: np.ndarray) -> None:
        thumbnails = _thumbnails(training)
        self._mean = thumbnails.mean(axis=0)
        _, singular, directions = np.linalg.svd(thumbnails - self._mean, full_matrices=False)
        deviations = singular[:_MOST_DIRECTIONS] / np.sqrt(len(training))
        # Never less than one direction: for blank images it is any, undivided.
        count = max(int((deviations > _LEAST_DEVIATION).sum()), 1)
        scale = np.where(deviations > _LEAST_DEVIATION, deviations, 1.0)
        self._directions = directions[:count].T / scale[:count]

    def coordinates(self, images: np.ndarray) -> np.ndarray:
        """(M, D) float64 for (M, S, S) uint8 images; D is at most 64."""
        return (_thumbnails(images) - self._mean) @ self._directions


def _thumbnails(images: np.ndarray) -> np.ndarray:
    """(N, 256) float64 grey values in [0, 1]."""
    grey = torch.from_numpy(np.ascontiguousarray(images))[:, None].float() / 255
    return functional.adaptive_avg_pool2d(grey, _SIDE_PX).flatten(1).double().numpy()
