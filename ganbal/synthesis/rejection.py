"""Rejection of copies of training images while images are generated."""

from dataclasses import dataclass

import numpy as np
import torch

from ganbal.metrics.features.extractor import Extractor, embed_images
from ganbal.metrics.features.thumbnails import thumbnail_extractor
from ganbal.metrics.features.untrained import untrained_extractor
from ganbal.metrics.memorization.copies import CopyThresholds, Views, copy_thresholds, find_copies, nearest_training
from ganbal.metrics.memorization.originals import find_originals


@dataclass(frozen=True)
class CopyFilter:
    """Decides which images are copies of the training images."""

    training: Views
    thresholds: CopyThresholds
    extractors: tuple[Extractor, Extractor]

    @classmethod
    def from_images(cls, training: np.ndarray, held_out: np.ndarray | None, *, device: torch.device) -> "CopyFilter":
        """Determine the thresholds from real images, with extractors that need no weights.

        Args:
            training: (N, S, S) or (N, S, S, 3) uint8 images that the generator was trained on, N ≥ 2.
            held_out: uint8 real images, of as many channels, that it was not trained on; with fewer than 50 or None,
                the thresholds come from the training images among themselves.
            device: where features are computed.
        """
        extractors = (untrained_extractor(device), thumbnail_extractor(device))
        views = _views(training, extractors)
        unseen = None if held_out is None or len(held_out) == 0 else _views(held_out, extractors)
        originals = find_originals(views, unseen, device=device)
        return cls(views, copy_thresholds(originals.near), extractors)

    def is_copy(self, images: np.ndarray) -> np.ndarray:
        """(B,) bool for (B, S, S) or (B, S, S, 3) uint8 images; the result does not depend on the batches."""
        if len(images) == 0:
            return np.zeros(0, dtype=bool)
        near = nearest_training(_views(images, self.extractors), self.training, device=self.extractors[0].device)
        return find_copies(near, self.thresholds).is_copy


def _views(images: np.ndarray, extractors: tuple[Extractor, Extractor]) -> Views:
    return Views(*(embed_images(images, extractor) for extractor in extractors))
