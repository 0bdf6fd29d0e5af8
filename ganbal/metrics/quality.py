"""A distance cheap enough to be taken while a generator trains, with features that need no weights."""

import numpy as np
import torch

from ganbal.metrics.copy_filter import view_images
from ganbal.metrics.extractors.thumbnails import thumbnail_extractor
from ganbal.metrics.extractors.untrained import untrained_extractor
from ganbal.metrics.kernel import kernel_distance


class KernelQuality:
    """Kernel distance between fresh synthetic images and the training images; lower is better, 0 is perfect.

    Every feature is brought to mean 0 and standard deviation 1 over the training images: the kernel is a third power,
    and features that are merely large would drown the others.

    Good for telling checkpoints of one training apart, not for print: see `scores.json` for figures with a floor.
    """

    def __init__(self, training: np.ndarray, device: torch.device) -> None:
        """Keep the features of `training`, (N, S, S) uint8."""
        self._extractors = untrained_extractor(device), thumbnail_extractor(device)
        features = self._features(training)
        # Features that never vary, as in a set of blank images, stay what they are.
        self._mean, deviation = features.mean(axis=0), features.std(axis=0)
        self._std = np.where(deviation > 1e-6, deviation, 1.0)
        self._training = self._standardised(features)

    def __call__(self, synthetic: np.ndarray) -> float:
        """The distance of (M, S, S) uint8 images."""
        unused = np.random.default_rng(0)
        features = self._standardised(self._features(synthetic))
        return kernel_distance(self._training, features, generator=unused, num_subsets=0).value

    def _standardised(self, features: np.ndarray) -> np.ndarray:
        return (features - self._mean) / self._std

    def _features(self, images: np.ndarray) -> np.ndarray:
        return view_images(images, self._extractors).features
