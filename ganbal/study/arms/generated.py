"""Arms that fill the smaller classes with synthetic images, alone or together with changed copies."""

import numpy as np

from ganbal.study.arms.copies import changed_copies
from ganbal.study.arms.drawing import draw_some
from ganbal.study.arms.image_set import ImageSet, TrainingSet


def gan(real: ImageSet, synthetic: ImageSet, additions: np.ndarray, random: np.random.Generator) -> TrainingSet:
    """The real images and so many synthetic ones, chosen at random where there are more."""
    return TrainingSet(
        real.joined(synthetic.at(draw_some(synthetic, additions, random))), num_synthetic=int(additions.sum())
    )


def gan_needs(counts: np.ndarray, additions: np.ndarray) -> np.ndarray:
    return additions


def gan_augmented(
    real: ImageSet, synthetic: ImageSet, additions: np.ndarray, random: np.random.Generator
) -> TrainingSet:
    """The real images and so many others, half of them synthetic and half changed copies of real images."""
    from_gan = gan_augmented_needs(real.counts(len(additions)), additions)
    copies = changed_copies(real, additions - from_gan, random)
    drawn = synthetic.at(draw_some(synthetic, from_gan, random))
    return TrainingSet(real.joined(drawn, copies), num_synthetic=int(from_gan.sum()))


def gan_augmented_needs(counts: np.ndarray, additions: np.ndarray) -> np.ndarray:
    """Half of each class's additions; of an odd number, the synthetic half is the larger one."""
    return additions - additions // 2
