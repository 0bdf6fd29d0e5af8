"""A distance cheap enough to be taken while a generator trains, with features that need no weights."""

import numpy as np
import torch

from ganbal.metrics.copy_filter import view_images
from ganbal.metrics.extractors.thumbnails import thumbnail_extractor
from ganbal.metrics.extractors.untrained import untrained_extractor
from ganbal.metrics.kernel import kernel_distance


class KernelQuality:
    """Kernel distance between fresh synthetic images and the training images; lower is better, 0 is perfect.

    Good for telling checkpoints of one training apart, not for print: see `scores.json` for figures with a floor.
    """

    def __init__(self, training: np.ndarray, device: torch.device) -> None:
        """Keep the features of `training`, (N, S, S) uint8."""
        self._extractors = untrained_extractor(device), thumbnail_extractor(device)
        self._training = self._features(training)

    def __call__(self, synthetic: np.ndarray) -> float:
        """The distance of (M, S, S) uint8 images."""
        unused = np.random.default_rng(0)
        return kernel_distance(self._training, self._features(synthetic), generator=unused, num_subsets=0).value

    def _features(self, images: np.ndarray) -> np.ndarray:
        return view_images(images, self._extractors).features
