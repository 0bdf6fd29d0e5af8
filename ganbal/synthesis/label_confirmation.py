"""Confirmation of labels: classifiers of real images agree that a synthetic image shows its class.

Two networks, each trained on half of the real training images, are cross-fitted: the scores of a network are compared
with those that it gives to real images of the class from the other half, which it has not seen.
"""

from dataclasses import dataclass

import numpy as np
import torch

from ganbal.metrics.two_sample_cnn import Separator

LEAST_RANK = 0.05
"""Labels below are not confirmed. Of real images, fewer than 5 % rank as low in both networks' mean."""
_EPOCHS = 3


@dataclass(frozen=True)
class LabelConfirmation:
    """Ranks images by how surely they show a class.

    Attributes:
        classifiers: higher scores for images of the class.
        of_unseen: per classifier, its ascending scores of real images of the class that it was not trained on.
    """

    classifiers: tuple[Separator, ...]
    of_unseen: tuple[np.ndarray, ...]

    @classmethod
    def from_images(
        cls, of_class: np.ndarray, of_others: np.ndarray, *, seed: int, device: torch.device
    ) -> "LabelConfirmation":
        """Train both classifiers.

        Args:
            of_class: (N, S, S) or (N, S, S, 3) uint8 training images of the class, N ≥ 4.
            of_others: as many channels, uint8, training images of all other classes, M ≥ 4.
            seed: of the halves and the networks.
        """
        random = np.random.default_rng(seed)
        halves, other_halves = (np.array_split(random.permutation(len(side)), 2) for side in (of_class, of_others))
        classifiers, of_unseen = [], []
        for number, (known, unseen, others) in enumerate(zip(halves, halves[::-1], other_halves, strict=True)):
            size = min(len(known), len(others))  # as many of each, so that neither side is the likelier answer
            classifier = Separator(of_others[others[:size]], of_class[known[:size]], seed=seed + number, device=device)
            for _ in range(_EPOCHS):
                classifier.train_epoch()
            classifiers.append(classifier)
            of_unseen.append(np.sort(classifier.scores(of_class[unseen])))
        return cls(tuple(classifiers), tuple(of_unseen))

    def ranks(self, images: np.ndarray) -> np.ndarray:
        """(N,) float64 in [0, 1] of N uint8 images: the share of unseen real images with lower scores.

        The mean over both classifiers.
        """
        scores = (classifier.scores(images) for classifier in self.classifiers)
        return np.mean([share_below(own, real) for own, real in zip(scores, self.of_unseen, strict=True)], axis=0)


def share_below(scores: np.ndarray, ascending: np.ndarray) -> np.ndarray:
    """(N,) float64: for each of the scores (N,), the share of the ascending numbers (M,) that are lower."""
    return np.searchsorted(ascending, scores, side="left") / len(ascending)
