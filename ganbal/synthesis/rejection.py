"""Telling copies of training images while images are being drawn."""

from dataclasses import dataclass

import numpy as np
import torch

from ganbal.metrics.features.extractor import Extractor
from ganbal.metrics.features.thumbnails import thumbnail_extractor
from ganbal.metrics.features.untrained import untrained_extractor
from ganbal.metrics.memorization.copies import CopyRule, Views, copy_rule, judge_copies, nearest_training
from ganbal.metrics.memorization.views import view_images


@dataclass(frozen=True)
class CopyFilter:
    """Knows the training images and how near a fresh image comes to them."""

    training: Views
    rule: CopyRule
    extractors: tuple[Extractor, Extractor]

    @classmethod
    def from_images(cls, training: np.ndarray, held_out: np.ndarray | None, *, device: torch.device) -> "CopyFilter":
        """Read the rule from real images, with extractors that need no weights.

        Args:
            training: (N, S, S) uint8, what the generator saw; N ≥ 2.
            held_out: (M, S, S) uint8 real images it did not see; None (or none) reads the rule from the training
                images among themselves.
            device: where features are computed.
        """
        extractors = (untrained_extractor(device), thumbnail_extractor(device))
        views = view_images(training, extractors)
        if held_out is None or len(held_out) == 0:
            originals = nearest_training(views, views, same_set=True)
        else:
            originals = nearest_training(view_images(held_out, extractors), views)
        return cls(views, copy_rule(originals), extractors)

    def is_copy(self, images: np.ndarray) -> np.ndarray:
        """(B,) bool for (B, S, S) uint8 images; the same answer in whatever batches they come."""
        if len(images) == 0:
            return np.zeros(0, dtype=bool)
        near = nearest_training(view_images(images, self.extractors), self.training)
        return judge_copies(near, self.rule).is_copy
