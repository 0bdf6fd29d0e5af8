"""The arm in which synthetic images count less than real ones."""

import numpy as np

from ganbal.study.arms.generated import gan
from ganbal.study.arms.image_set import ImageSet, TrainingSet
from ganbal.study.arms.real import balanced_weights


def gan_weighted(
    real: ImageSet, synthetic: ImageSet, additions: np.ndarray, random: np.random.Generator
) -> TrainingSet:
    """The images of `gan`; the loss of a synthetic one is multiplied by `study.synthetic_weight`.

    `class_weights_at` then gives every class the same total weight. So the arm lies between `class-weights`, its limit
    for a synthetic weight of 0, and `gan`, which it is for 1 where the added images balance the classes.
    """
    return gan(real, synthetic, additions, random).using_synthetic("weighted")


def class_weights_at(synthetic_weight: float, training: TrainingSet) -> tuple[float, ...]:
    """Weights (K,) with which every class has the same total weight, synthetic images counting `synthetic_weight`."""
    assert training.is_synthetic is not None
    worth = np.where(training.is_synthetic, synthetic_weight, 1.0)
    return balanced_weights(np.bincount(training.images.labels, weights=worth))
