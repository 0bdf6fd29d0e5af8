"""Several trainings as one classifier: the mean of their probabilities (Lakshminarayanan et al. 2017)."""

from collections.abc import Sequence

import numpy as np

from classifiers.errors import ClassifierInputError


def mean_probabilities(members: Sequence[np.ndarray]) -> np.ndarray:
    """The mean over members of their probabilities for the same images in the same order.

    Args:
        members: one or more (N, K), e.g. one a seed.

    Returns:
        (N, K) float64.

    Raises:
        ClassifierInputError: there are no members, or their shapes differ.
    """
    shapes = {np.shape(member) for member in members}
    if len(shapes) != 1 or len(next(iter(shapes))) != 2:
        raise ClassifierInputError(
            expected="probabilities (N, K) of one or more trainings, all for the same images and classes",
            found=", ".join(str(shape) for shape in sorted(shapes)) or "none",
            action="Ensemble trainings that predicted the same images.",
        )
    return np.mean([np.asarray(member, dtype=np.float64) for member in members], axis=0)
