"""Arms with synthetic images: in the smaller classes, together with augmented copies, or in every class."""

import numpy as np

from ganbal.study.arms.copies import augmented_copies
from ganbal.study.arms.image_set import ImageSet, TrainingSet
from ganbal.study.arms.real import balanced_weights
from ganbal.study.arms.sampling import sample_without_replacement


def gan(real: ImageSet, synthetic: ImageSet, additions: np.ndarray, random: np.random.Generator) -> TrainingSet:
    """The real images and `additions` synthetic ones, chosen at random if there are more."""
    chosen = synthetic.at(sample_without_replacement(synthetic, additions, random))
    return TrainingSet(real.joined(chosen), num_synthetic=int(additions.sum()))


def gan_needs(counts: np.ndarray, additions: np.ndarray) -> np.ndarray:
    return additions


def gan_augmented(
    real: ImageSet, synthetic: ImageSet, additions: np.ndarray, random: np.random.Generator
) -> TrainingSet:
    """The real images and `additions` others, half of them synthetic and half augmented copies of real images."""
    from_gan = gan_augmented_needs(real.counts(len(additions)), additions)
    copies = augmented_copies(real, additions - from_gan, random)
    chosen = synthetic.at(sample_without_replacement(synthetic, from_gan, random))
    return TrainingSet(real.joined(chosen, copies), num_synthetic=int(from_gan.sum()))


def gan_augmented_needs(counts: np.ndarray, additions: np.ndarray) -> np.ndarray:
    """Half of each class's additions; of an odd number, the synthetic half is the larger one."""
    return additions - additions // 2


def gan_both(real: ImageSet, synthetic: ImageSet, additions: np.ndarray, random: np.random.Generator) -> TrainingSet:
    """As many synthetic images as `gan` has in total, in the same proportion in every class; a weighted loss balances.

    In `gan` every synthetic image belongs to a small class, so a classifier may learn the generator's traces instead of
    the disease. Here being synthetic says nothing about the class.
    """
    shares = gan_both_needs(real.counts(len(additions)), additions)
    images = real.joined(synthetic.at(sample_without_replacement(synthetic, shares, random)))
    weights = balanced_weights(images.counts(len(additions)))
    return TrainingSet(images, num_synthetic=int(shares.sum()), class_weights=weights)


def gan_both_needs(counts: np.ndarray, additions: np.ndarray) -> np.ndarray:
    """The sum of the additions in proportion to the real counts, (K,) int64.

    Rounded by largest remainders (Hamilton's method), which preserves the sum; ties go to the first class.
    """
    # In whole numbers: floating-point remainders of equal classes would differ by chance.
    quotas = additions.sum() * counts
    shares, remainders = np.divmod(quotas, counts.sum())
    left = additions.sum() - shares.sum()
    shares[np.argsort(-remainders, kind="stable")[:left]] += 1
    return shares
