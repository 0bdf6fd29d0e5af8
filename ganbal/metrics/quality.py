"""A distance that is cheap enough to be computed during training, with features that need no weights."""

import math

import numpy as np
import torch
from torch.nn import functional

from classifiers.pixels import channels_first, num_channels
from ganbal.metrics.features.extractor import embed_images
from ganbal.metrics.features.untrained import untrained_extractor
from ganbal.metrics.kid import kernel_distance

_MIN_DISTANCE = 1e-3
"""Smaller estimates are noise and can even be negative."""
_SIDE_PX = 16
_MAX_DIRECTIONS = 64
_MIN_DEVIATION = 1e-6


class KernelQuality:
    """Kernel distance between new synthetic images and the training images; lower is better.

    It is the geometric mean of two distances: texture, which detects grain and blur, and layout, which detects
    structures that appear at the same place in every image. Each alone prefers trainings that fail in the other.
    Features have mean 0 and standard deviation 1 over the training images, because the kernel is a third power and
    features with large values would dominate the others.

    It ranks checkpoints of one training. For publication use scores.json, whose values have a floor.
    """

    def __init__(self, training: np.ndarray, device: torch.device) -> None:
        """Keep the features of `training`, (N, S, S) or (N, S, S, 3) uint8."""
        self._device, self._extractor = device, untrained_extractor(device, channels=num_channels(training))
        texture = embed_images(training, self._extractor)
        self._mean, deviation = texture.mean(axis=0), texture.std(axis=0)
        # Constant features, as in a set of blank images, are not scaled.
        self._deviation = np.where(deviation > 1e-6, deviation, 1.0)
        self._layout = Layout(training, device)
        self._training = (texture - self._mean) / self._deviation, self._layout.coordinates(training)

    def __call__(self, synthetic: np.ndarray) -> float:
        """The distance of (M, S, S) or (M, S, S, 3) uint8 images, M ≥ 4."""
        texture = (embed_images(synthetic, self._extractor) - self._mean) / self._deviation
        found = texture, self._layout.coordinates(synthetic)
        distances = [self._distance(real, other) for real, other in zip(self._training, found, strict=True)]
        return math.sqrt(math.prod(max(distance, _MIN_DISTANCE) for distance in distances))

    def _distance(self, real: np.ndarray, synthetic: np.ndarray) -> float:
        unused = np.random.default_rng(0)
        return kernel_distance(real, synthetic, generator=unused, num_subsets=0, device=self._device).value


class Layout:
    """Coordinates of 16-px thumbnails along the principal directions of the training images.

    Every coordinate has mean 0 and standard deviation 1 over the training images. A set in which a structure has one
    fixed position, while its position varies in the training images, has other coordinates.

    Args:
        training: (N, S, S) or (N, S, S, 3) uint8, N ≥ 2.
        device: where thumbnails are made.
    """

    def __init__(self, training: np.ndarray, device: torch.device) -> None:
        self._device = device
        thumbnails = _thumbnails(training, device)
        self._mean = thumbnails.mean(axis=0)
        _, singular, directions = np.linalg.svd(thumbnails - self._mean, full_matrices=False)
        deviations = singular[:_MAX_DIRECTIONS] / np.sqrt(len(training))
        # At least one direction; for blank images it is arbitrary and not scaled.
        count = max(int((deviations > _MIN_DEVIATION).sum()), 1)
        scale = np.where(deviations > _MIN_DEVIATION, deviations, 1.0)
        self._directions = directions[:count].T / scale[:count]

    def coordinates(self, images: np.ndarray) -> np.ndarray:
        """(M, D) float64 for M images of the same kind, D ≤ 64."""
        return (_thumbnails(images, self._device) - self._mean) @ self._directions


def _thumbnails(images: np.ndarray, device: torch.device) -> np.ndarray:
    """(N, 256) float64 gray values, or (N, 768) color values, in [0, 1]."""
    values = channels_first(torch.from_numpy(np.ascontiguousarray(images)).to(device)).float() / 255
    return functional.adaptive_avg_pool2d(values, _SIDE_PX).flatten(1).double().cpu().numpy()
