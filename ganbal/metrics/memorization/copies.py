"""Detection of synthetic images that are copies of training images.

Each image is compared with every training image twice: in feature space, which tolerates small rotations, and pixel by
pixel on small standardized thumbnails, which tolerate noise, blur and brightness; the nearest thumbnails are compared
again at every small shift. The thresholds come from real images that cannot be copies (originals.py): a copy is closer
to a training image than all but a small share of those are.
"""

from dataclasses import dataclass

import numpy as np
import torch

from ganbal.metrics.memorization.alignment import aligned_distances
from ganbal.metrics.neighbors import Neighbors, nearest

FALSE_ALARM_RATE = 0.02
# The lowest distances of a few hundred images vary between samples; copies, even noisy ones, are far below them.
_MARGIN = 0.95
_NEAR_IDENTICAL = 0.5
DUPLICATE_DISTANCE = 0.02
"""Real images whose thumbnails are closer than this (correlation 0.9998) are the same image. Chest X-rays of 28 to
150 px: at most 0.001 between identical files, 0.002 to 0.05 after saving as JPEG of quality 90, otherwise at least
0.15."""
_CANDIDATES = 8
"""Before the alignment a shifted copy is among the nearest thumbnails, but not always the nearest."""


@dataclass(frozen=True)
class Views:
    """Two representations of the same images."""

    features: np.ndarray
    """(N, dims)."""
    thumbnails: np.ndarray
    """(N, pixels), each of zero mean and unit length."""

    def __len__(self) -> int:
        return len(self.features)


@dataclass(frozen=True)
class NearestTraining:
    """The nearest training image of each image."""

    by_features: Neighbors
    """(N, 1) in feature space."""
    by_pixels: Neighbors
    """(N, 1) thumbnails at their best shift; the distance is √(2 - 2 · correlation): 0 for a copy, 1.41 for
    unrelated images."""

    def __len__(self) -> int:
        return len(self.by_pixels.distances)

    @property
    def are_duplicates(self) -> np.ndarray:
        """(N,) bool: images that are the same as a training image."""
        return self.by_pixels.distances[:, 0] < DUPLICATE_DISTANCE

    def select(self, rows: np.ndarray) -> "NearestTraining":
        """The same of some images.

        Args:
            rows: (K,) integer rows, or (N,) bool.
        """
        views = self.by_features, self.by_pixels
        return NearestTraining(*(Neighbors(view.rows[rows], view.distances[rows]) for view in views))


@dataclass(frozen=True)
class CopyThresholds:
    """Distances to the nearest training image below which an image counts as a copy."""

    features: float
    pixels: float


@dataclass(frozen=True)
class CopyFindings:
    """The result for each image."""

    is_copy: np.ndarray
    """(N,) bool."""
    relative_distance: np.ndarray
    """(N,) distance divided by its threshold, the smaller of the two views: below 1 for copies, 0 for identical
    images."""
    training_rows: np.ndarray
    """(N,) int64: the nearest training image."""

    @property
    def near_identical(self) -> int:
        """Number of images closer to a training image than any real image."""
        return int((self.relative_distance < _NEAR_IDENTICAL).sum())


def nearest_training(
    images: Views, training: Views, *, same_set: bool = False, device: torch.device | None = None
) -> NearestTraining:
    """Find the nearest training image of each image.

    Args:
        images: the images to examine.
        training: the images they may be copies of.
        same_set: both are the training set; each image is compared with the others.
        device: CUDA device for the distances.
    """
    return NearestTraining(
        nearest(images.features, training.features, 1, same_set=same_set, device=device),
        _nearest_aligned(images.thumbnails, training.thumbnails, same_set=same_set, device=device),
    )


def _nearest_aligned(
    images: np.ndarray, training: np.ndarray, *, same_set: bool, device: torch.device | None
) -> Neighbors:
    count = min(_CANDIDATES, len(training) - same_set)
    unaligned = nearest(images, training, count, same_set=same_set, device=device)
    distances = aligned_distances(images, training[unaligned.rows])
    best = distances.argmin(axis=1)[:, None]
    return Neighbors(np.take_along_axis(unaligned.rows, best, 1), np.take_along_axis(distances, best, 1))


def copy_thresholds(originals: NearestTraining, false_alarm_rate: float = FALSE_ALARM_RATE) -> CopyThresholds:
    """Thresholds under which at most `false_alarm_rate` of the originals count as copies.

    Of other real images, more or fewer do, as the thresholds vary from sample to sample of originals. With fewer than
    100 originals, half of the rate is less than one image, so each threshold comes from the lowest distance: about
    1 / (N + 1) of new real images are below that in each view, 2 % with 50 originals.

    Args:
        originals: real images that are no copies and no duplicates, against the training images. Without any, only
            duplicates count as copies.
        false_alarm_rate: half of it is spent on features, half on pixels.
    """
    if len(originals) == 0:
        return CopyThresholds(0.0, DUPLICATE_DISTANCE)
    # The lower of two neighboring values, and "<" instead of "≤": no more of the originals than allowed.
    thresholds = [
        _MARGIN * float(np.quantile(near.distances[:, 0], false_alarm_rate / 2, method="lower"))
        for near in (originals.by_features, originals.by_pixels)
    ]
    return CopyThresholds(*thresholds)


def find_copies(near: NearestTraining, thresholds: CopyThresholds) -> CopyFindings:
    """Compare every image with the thresholds."""
    relative = np.stack(
        [
            _relative(near.by_features.distances[:, 0], thresholds.features),
            _relative(near.by_pixels.distances[:, 0], thresholds.pixels),
        ]
    )
    rows = np.stack([near.by_features.rows[:, 0], near.by_pixels.rows[:, 0]])
    view = relative.argmin(axis=0)
    smallest = relative.min(axis=0)
    return CopyFindings(smallest < 1, smallest, np.take_along_axis(rows, view[None, :], 0)[0])


def _relative(distances: np.ndarray, threshold: float) -> np.ndarray:
    # Where originals have the features of a training image, nothing can be closer: this view shows no copies.
    return distances / threshold if threshold > 0 else np.full_like(distances, np.inf)
