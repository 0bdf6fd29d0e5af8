"""A distance cheap enough to be taken while a generator trains, with features that need no weights."""

import math

import numpy as np
import torch

from ganbal.metrics.features.thumbnails import thumbnail_extractor
from ganbal.metrics.features.untrained import untrained_extractor
from ganbal.metrics.kid import kernel_distance
from ganbal.metrics.layout import Layout
from ganbal.metrics.memorization.views import view_images

_LEAST_DISTANCE = 1e-3
"""Below it an estimate is noise, and may even be negative."""


class KernelQuality:
    """Kernel distance between fresh synthetic images and the training images; lower is better.

    It is the geometric mean of two distances: one of texture, which sees grain and blur, and one of layout, which sees
    what is drawn in the same place in every image. Either alone prefers trainings that fail in the other. Features have
    mean 0 and standard deviation 1 over the training images: the kernel is a third power, and features that are merely
    large would drown the rest.

    Good for telling checkpoints of one training apart, not for print: see `scores.json` for figures with a floor.
    """

    def __init__(self, training: np.ndarray, device: torch.device) -> None:
        """Keep the features of `training`, (N, S, S) uint8."""
        self._extractors = untrained_extractor(device), thumbnail_extractor(device)
        texture = self._texture(training)
        self._mean, deviation = texture.mean(axis=0), texture.std(axis=0)
        # Features that never vary, as in a set of blank images, stay what they are.
        self._deviation = np.where(deviation > 1e-6, deviation, 1.0)
        self._layout = Layout(training)
        self._training = self._features(training)

    def __call__(self, synthetic: np.ndarray) -> float:
        """The distance of (M, S, S) uint8 images."""
        pairs = zip(self._training, self._features(synthetic), strict=True)
        texture, layout = (max(_distance(real, drawn), _LEAST_DISTANCE) for real, drawn in pairs)
        return math.sqrt(texture * layout)

    def _features(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return (self._texture(images) - self._mean) / self._deviation, self._layout.coordinates(images)

    def _texture(self, images: np.ndarray) -> np.ndarray:
        return view_images(images, self._extractors).features


def _distance(real: np.ndarray, synthetic: np.ndarray) -> float:
    unused = np.random.default_rng(0)
    return kernel_distance(real, synthetic, generator=unused, num_subsets=0).value
