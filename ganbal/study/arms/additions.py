"""How many images of each class are added: counts in, counts out."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ClassCounts:
    """What a study's training can draw on: images of each class, (K,) int64, in the order of the labels."""

    real: np.ndarray
    synthetic: np.ndarray

    @property
    def missing(self) -> np.ndarray:
        """How many images each class has fewer than the largest one."""
        return self.real.max() - self.real


def additions_for(counts: ClassCounts, ratio: float | None) -> np.ndarray:
    """How many images of each class an arm adds, (K,) int64: the same in all arms, so that they can be compared.

    Args:
        ratio: share of what each class lacks, rounded (halves up). None: all synthetic images there are of the classes
            that lack some (of the others where only they have any), or what is missing where there are none at all.
    """
    if ratio is not None:
        return np.floor(ratio * counts.missing + 0.5).astype(np.int64)
    if not counts.synthetic.any():
        return counts.missing
    of_smaller = np.where(counts.missing > 0, counts.synthetic, 0)
    return of_smaller if of_smaller.any() else counts.synthetic
