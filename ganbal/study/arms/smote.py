"""The arm that adds points between the features of real images."""

import numpy as np

from ganbal.study.arms.image_set import ImageSet, TrainingSet


def smote(real: ImageSet, synthetic: ImageSet, additions: np.ndarray, random: np.random.Generator) -> TrainingSet:
    """The real images; SMOTE (Chawla et al. 2002) adds so many examples in the classifier's feature space."""
    return TrainingSet(real, feature_oversampling="smote", feature_additions=tuple(map(int, additions)))
