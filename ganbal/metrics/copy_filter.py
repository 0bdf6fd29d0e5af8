"""Telling copies of training images while images are being drawn."""

from dataclasses import dataclass

import numpy as np
import torch

from ganbal.metrics.batches import same_shape_groups
from ganbal.metrics.copies import CopyRule, Views, copy_rule, judge_copies, nearest_training
from ganbal.metrics.extractors.base import Extractor
from ganbal.metrics.extractors.thumbnails import thumbnail_extractor
from ganbal.metrics.extractors.untrained import untrained_extractor

_BATCH = 64


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


def view_images(images: np.ndarray, extractors: tuple[Extractor, Extractor]) -> Views:
    """Features and thumbnails of (N, S, S) uint8 images."""
    views = []
    with torch.inference_mode():
        for extractor in extractors:
            groups = (
                group
                for start in range(0, len(images), _BATCH)
                for group in same_shape_groups([np.asarray(image) for image in images[start : start + _BATCH]])
            )
            views.append(torch.cat([extractor.embed(extractor.prepare(group)) for group in groups]).cpu().numpy())
    return Views(*views)
