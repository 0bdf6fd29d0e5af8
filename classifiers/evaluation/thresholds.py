"""The probability at which an image is predicted positive, chosen on validation images.

Pure: arrays in, numbers out. Candidates are halfway between neighboring probabilities, so that a rounded copy of the
probabilities is divided in the same way.
"""

from dataclasses import dataclass

import numpy as np

from classifiers.errors import ClassifierInputError

THRESHOLD = 0.5
"""Of two classes, class 1 is predicted from this probability, unless another threshold is chosen."""


@dataclass(frozen=True)
class ChosenThreshold:
    """A threshold and its figures on the images that it was chosen on."""

    threshold: float
    """Least probability of class 1 that predicts class 1."""
    recall: float
    """Share of the positive images that are predicted positive."""
    specificity: float
    """Share of the negative images that are predicted negative."""


def youden_threshold(labels: np.ndarray, probabilities: np.ndarray) -> ChosenThreshold:
    """The threshold with the greatest J = recall + specificity - 1 (Youden 1950).

    Of several with the same J, the one nearest to 0.5 is chosen; of two equally near, the lower.

    Args:
        labels: (N,) 0 (negative) or 1 (positive).
        probabilities: (N,) of class 1, in [0, 1].

    Raises:
        ClassifierInputError: a class is missing, or labels or probabilities do not fit this description.
    """
    cuts, true, false = _cuts(labels, probabilities)
    positives, negatives = int(true[-1]), int(false[-1])
    # J times both counts: whole numbers, so that ties are ties.
    scaled = true * negatives - false * positives
    best = np.flatnonzero(scaled == scaled.max())
    # Cuts fall, so the last of equally near ones is the lower.
    distances = np.abs(cuts[best] - 0.5)
    place = best[np.flatnonzero(distances == distances.min())[-1]]
    return _chosen(cuts, true, false, int(place))


def recall_threshold(labels: np.ndarray, probabilities: np.ndarray, wanted_recall: float) -> ChosenThreshold:
    """The highest threshold whose recall reaches `wanted_recall`: the one with the fewest false positives.

    Args:
        labels: (N,) 0 (negative) or 1 (positive).
        probabilities: (N,) of class 1, in [0, 1].
        wanted_recall: above 0, at most 1.

    Raises:
        ClassifierInputError: a class is missing, or labels, probabilities or recall do not fit this description.
    """
    if not 0 < wanted_recall <= 1:
        raise ClassifierInputError(
            found=f"The wanted recall is {wanted_recall}.",
            expected="It must be above 0 and at most 1.",
            action="Give 0.95, for instance.",
        )
    cuts, true, false = _cuts(labels, probabilities)
    # 0.7 of 10 images is 7 of them, though 0.7 · 10 is a little more in floating point.
    enough = true >= wanted_recall * true[-1] - 1e-9
    return _chosen(cuts, true, false, int(np.argmax(enough)))


def _cuts(labels: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All distinct thresholds, in descending order, with their numbers of true and false positives."""
    labels, probabilities = np.asarray(labels), np.asarray(probabilities, dtype=np.float64)
    _check(labels, probabilities)
    values, places = np.unique(probabilities, return_inverse=True)
    positives = np.bincount(places, weights=labels == 1, minlength=len(values)).astype(np.int64)[::-1]
    negatives = np.bincount(places, weights=labels == 0, minlength=len(values)).astype(np.int64)[::-1]
    values = values[::-1]
    below = np.append(values[1:], 0.0)
    halfway = (values + below) / 2
    # Between two neighboring floating-point numbers there is no third.
    cuts = np.where(halfway > below, halfway, values)
    return cuts, np.cumsum(positives), np.cumsum(negatives)


def _chosen(cuts: np.ndarray, true: np.ndarray, false: np.ndarray, place: int) -> ChosenThreshold:
    return ChosenThreshold(
        threshold=float(cuts[place]),
        recall=float(true[place] / true[-1]),
        specificity=float(1 - false[place] / false[-1]),
    )


def _check(labels: np.ndarray, probabilities: np.ndarray) -> None:
    if labels.ndim != 1 or labels.shape != probabilities.shape:
        raise ClassifierInputError(
            found=f"The labels have the shape {labels.shape}, the probabilities {probabilities.shape}.",
            expected="A threshold is chosen from labels (N,) and as many probabilities of class 1.",
            action="Give one probability for every label, e.g. probabilities[:, 1].",
        )
    # Written so that NaN fails as well.
    if not ((probabilities >= 0) & (probabilities <= 1)).all():
        raise ClassifierInputError(
            found="Some probabilities are not numbers from 0 to 1.",
            expected="A threshold is chosen from probabilities, not from logits.",
            action="Apply a softmax first.",
        )
    counts = {label: int((labels == label).sum()) for label in (0, 1)}
    if sum(counts.values()) != len(labels) or 0 in counts.values():
        raise ClassifierInputError(
            found=f"There are {counts[0]} validation images of class 0, {counts[1]} of class 1 and "
            f"{len(labels) - sum(counts.values())} others.",
            expected="A threshold is chosen on images of class 0 and of class 1, and no others.",
            action="Set more validation images aside (of every class), or keep the threshold of 0.5.",
        )
