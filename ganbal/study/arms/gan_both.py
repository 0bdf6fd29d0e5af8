"""The arm in which being synthetic says nothing about the class."""

import numpy as np

from ganbal.study.arms.drawing import draw_some
from ganbal.study.arms.image_set import ImageSet, TrainingSet
from ganbal.study.arms.reweighted import balanced_weights


def gan_both(real: ImageSet, synthetic: ImageSet, additions: np.ndarray, random: np.random.Generator) -> TrainingSet:
    """As many synthetic images as `gan` has in all, the same share of them in every class; a weighted loss balances.

    In `gan` every synthetic image is of a small class, so that a classifier may learn the generator's traces in place
    of the disease. Here they tell it nothing.
    """
    shares = gan_both_needs(real.counts(len(additions)), additions)
    images = real.joined(synthetic.at(draw_some(synthetic, shares, random)))
    weights = balanced_weights(images.counts(len(additions)))
    return TrainingSet(images, num_synthetic=int(shares.sum()), class_weights=weights)


def gan_both_needs(counts: np.ndarray, additions: np.ndarray) -> np.ndarray:
    """The sum of the additions in proportion to the real counts, (K,) int64.

    Rounded by largest remainders (Hamilton's method), so that the sum stays; of equal ones the first class gains.
    """
    # In whole numbers, as floating-point remainders of equal classes would differ by chance.
    quotas = additions.sum() * counts
    shares, remainders = np.divmod(quotas, counts.sum())
    left = additions.sum() - shares.sum()
    shares[np.argsort(-remainders, kind="stable")[:left]] += 1
    return shares
