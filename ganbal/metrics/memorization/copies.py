"""Which synthetic images are copies of training images.

Each image is compared with every training image twice: in feature space, which forgives small turns, and pixel by pixel
on small standardised thumbnails, which forgive noise, blur and brightness; the nearest thumbnails are compared again at
every small shift. How near is too near is read from
real images that cannot be copies: a copy lies nearer to a training image than all but a small share of those do.
"""

from dataclasses import dataclass

import numpy as np

from ganbal.metrics.memorization.alignment import aligned_distances
from ganbal.metrics.neighbours import Neighbours, nearest

FALSE_ALARM_RATE = 0.02
# The lowest distances of a few hundred images vary from sample to sample; copies, even noisy ones, lie far below them.
_MARGIN = 0.95
_NEAR_IDENTICAL = 0.5
_CANDIDATES = 8
"""A shifted copy is not always the nearest thumbnail before it is aligned, but among the nearest."""


@dataclass(frozen=True)
class Views:
    """Two views of the same images."""

    features: np.ndarray
    """(N, dims)."""
    thumbnails: np.ndarray
    """(N, pixels), each of zero mean and unit length."""

    def __len__(self) -> int:
        return len(self.features)


@dataclass(frozen=True)
class NearestTraining:
    """How near each image comes to the training images."""

    by_features: Neighbours
    """(N, 1) nearest in feature space."""
    by_pixels: Neighbours
    """(N, 1) nearest thumbnail at its best shift; the distance is √(2 - 2 · correlation): 0 for a copy, 1.41 for
    unrelated images."""


@dataclass(frozen=True)
class CopyRule:
    """Distances to the nearest training image below which an image counts as a copy."""

    features: float
    pixels: float


@dataclass(frozen=True)
class CopyFindings:
    """What the rule says of each image."""

    is_copy: np.ndarray
    """(N,) bool."""
    closeness: np.ndarray
    """(N,) the distance as a share of the rule's, whichever of the two is smaller; below 1 for copies."""
    training_rows: np.ndarray
    """(N,) int64: the training image that it was measured to."""

    @property
    def near_identical(self) -> int:
        """Images so near to a training image that no real one would ever be."""
        return int((self.closeness < _NEAR_IDENTICAL).sum())


def nearest_training(images: Views, training: Views, *, same_set: bool = False) -> NearestTraining:
    """Find what each image resembles most.

    Args:
        images: whose neighbours are wanted.
        training: where copies might come from.
        same_set: both are the training set; each image is compared with the others.
    """
    return NearestTraining(
        nearest(images.features, training.features, 1, same_set=same_set),
        _nearest_aligned(images.thumbnails, training.thumbnails, same_set=same_set),
    )


def _nearest_aligned(images: np.ndarray, training: np.ndarray, *, same_set: bool) -> Neighbours:
    count = min(_CANDIDATES, len(training) - same_set)
    unaligned = nearest(images, training, count, same_set=same_set)
    distances = aligned_distances(images, training[unaligned.rows])
    best = distances.argmin(axis=1)[:, None]
    return Neighbours(np.take_along_axis(unaligned.rows, best, 1), np.take_along_axis(distances, best, 1))


def copy_rule(originals: NearestTraining, false_alarm_rate: float = FALSE_ALARM_RATE) -> CopyRule:
    """The rule under which at most `false_alarm_rate` of real images would be called copies.

    Args:
        originals: real images that are no copies, against the training images: held-out ones, or the training images
            against each other.
        false_alarm_rate: half of it is spent on features, half on pixels.
    """
    # The lower of two neighbouring values, and "nearer than" rather than "as near as": never more alarms than allowed.
    thresholds = [
        _MARGIN * float(np.quantile(near.distances[:, 0], false_alarm_rate / 2, method="lower"))
        for near in (originals.by_features, originals.by_pixels)
    ]
    return CopyRule(*thresholds)


def judge_copies(near: NearestTraining, rule: CopyRule) -> CopyFindings:
    """Apply the rule."""
    shares = np.stack(
        [
            _share(near.by_features.distances[:, 0], rule.features),
            _share(near.by_pixels.distances[:, 0], rule.pixels),
        ]
    )
    rows = np.stack([near.by_features.rows[:, 0], near.by_pixels.rows[:, 0]])
    view = shares.argmin(axis=0)
    closeness = shares.min(axis=0)
    return CopyFindings(closeness < 1, closeness, np.take_along_axis(rows, view[None, :], 0)[0])


def _share(distances: np.ndarray, limit: float) -> np.ndarray:
    # Where real images repeat training images exactly nothing can be nearer, and nothing is called a copy.
    return distances / limit if limit > 0 else np.full_like(distances, np.inf)
