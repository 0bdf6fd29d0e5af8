"""Arms of real images only: unchanged, with a weighted loss, sampled by class, cut down, or with SMOTE on features."""

import numpy as np

from ganbal.study.arms.image_set import ImageSet, TrainingSet
from ganbal.study.arms.sampling import sample_without_replacement


def imbalanced(real: ImageSet, synthetic: ImageSet, additions: np.ndarray, random: np.random.Generator) -> TrainingSet:
    """The real images, unchanged."""
    return TrainingSet(real)


def class_weights(
    real: ImageSet, synthetic: ImageSet, additions: np.ndarray, random: np.random.Generator
) -> TrainingSet:
    """The real images; the loss is weighted so that every class has the same total weight."""
    return TrainingSet(real, class_weights=balanced_weights(real.counts(len(additions))))


def sampler(real: ImageSet, synthetic: ImageSet, additions: np.ndarray, random: np.random.Generator) -> TrainingSet:
    """The real images, each sampled with replacement with probability 1 / (number of classes · count of its class)."""
    return TrainingSet(real, sampling="class-balanced")


def undersampled(
    real: ImageSet, synthetic: ImageSet, additions: np.ndarray, random: np.random.Generator
) -> TrainingSet:
    """As many real images per class as the smallest class has, sampled without replacement.

    imbalanced-learn's `RandomUnderSampler(sampling_strategy="auto")`.
    """
    counts = real.counts(len(additions))
    return TrainingSet(real.at(sample_without_replacement(real, np.full_like(counts, counts.min()), random)))


def smote(real: ImageSet, synthetic: ImageSet, additions: np.ndarray, random: np.random.Generator) -> TrainingSet:
    """The real images; SMOTE (Chawla et al. 2002) adds examples in the classifier's feature space."""
    return TrainingSet(real, feature_oversampling="smote", feature_additions=tuple(map(int, additions)))


def balanced_weights(counts: np.ndarray) -> tuple[float, ...]:
    """N / (number of classes · count) per class: scikit-learn's `class_weight="balanced"`."""
    return tuple(float(weight) for weight in counts.sum() / (len(counts) * counts))
