"""The arm whose training begins with synthetic images and ends with real ones only."""

import numpy as np

from ganbal.study.arms.generated import gan
from ganbal.study.arms.image_set import ImageSet, TrainingSet


def gan_pretrain(
    real: ImageSet, synthetic: ImageSet, additions: np.ndarray, random: np.random.Generator
) -> TrainingSet:
    """The images of `gan` for the first share of the steps (`study.synthetic_steps`), then the real images only.

    In the second part all classes are sampled equally often, as they are balanced in the first part. What the
    classifier learned from traces of the generator is forgotten before the training ends.
    """
    return gan(real, synthetic, additions, random).using_synthetic("first")
