"""Arms of the real images as they are: plain, with a weighted loss, or drawn class by class."""

import numpy as np

from ganbal.study.arms.image_set import ImageSet, TrainingSet


def imbalanced(real: ImageSet, synthetic: ImageSet, additions: np.ndarray, random: np.random.Generator) -> TrainingSet:
    """The real images as they are."""
    return TrainingSet(real)


def class_weights(
    real: ImageSet, synthetic: ImageSet, additions: np.ndarray, random: np.random.Generator
) -> TrainingSet:
    """The real images; the loss of each class is weighed so that all classes count the same."""
    return TrainingSet(real, class_weights=balanced_weights(real.counts(len(additions))))


def sampler(real: ImageSet, synthetic: ImageSet, additions: np.ndarray, random: np.random.Generator) -> TrainingSet:
    """The real images, drawn with replacement with probability 1 / (number of classes · count of the image's class)."""
    return TrainingSet(real, sampling="class-balanced")


def balanced_weights(counts: np.ndarray) -> tuple[float, ...]:
    """N / (number of classes · count) for each class: scikit-learn's `class_weight="balanced"`."""
    return tuple(float(weight) for weight in counts.sum() / (len(counts) * counts))
