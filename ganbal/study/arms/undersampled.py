"""The arm that throws images away."""

import numpy as np

from ganbal.study.arms.drawing import draw_some
from ganbal.study.arms.image_set import ImageSet, TrainingSet


def undersampled(
    real: ImageSet, synthetic: ImageSet, additions: np.ndarray, random: np.random.Generator
) -> TrainingSet:
    """As many real images of every class as the smallest has, drawn without replacement.

    What imbalanced-learn calls `RandomUnderSampler(sampling_strategy="auto")`.
    """
    counts = real.counts(len(additions))
    return TrainingSet(real.at(draw_some(real, np.full_like(counts, counts.min()), random)))
