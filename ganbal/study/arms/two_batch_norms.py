"""The arm that normalizes real and synthetic images separately."""

import numpy as np

from ganbal.study.arms.generated import gan
from ganbal.study.arms.image_set import ImageSet, TrainingSet


def gan_advprop(real: ImageSet, synthetic: ImageSet, additions: np.ndarray, random: np.random.Generator) -> TrainingSet:
    """The images of `gan`; synthetic ones pass through batch normalizations of their own (AdvProp, Xie et al. 2020).

    For classifiers with batch normalization that is trained; predictions use the normalization of real images.
    """
    return gan(real, synthetic, additions, random).using_synthetic("separate-batch-norm")
