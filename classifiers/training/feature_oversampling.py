"""Over-sampling of the smaller classes in feature space; the one file that knows imbalanced-learn."""

from collections.abc import Sequence
from importlib.util import find_spec

import numpy as np

from classifiers.errors import ClassifierInputError
from classifiers.models.model import Model

_NEIGHBORS = 5


def has_fixed_vectors(model: Model, augment: str) -> bool:
    """Whether the model is trained on one fixed vector per image.

    That is the case if a backbone is frozen and nothing is augmented, or if a machine is fitted to pixels.

    Args:
        augment: of the settings; `published` is that of the model's publication.
    """
    if augment == "published" and model.recipe is not None:
        augment = model.recipe.augment
    is_frozen = model.frozen_backbone and not model.trained_blocks
    return model.is_only_fitted or (is_frozen and augment == "none")


def check_fixed_vectors(model: Model, augment: str) -> None:
    """Check that this model's features can be over-sampled.

    Raises:
        ClassifierInputError: they differ between steps.
    """
    if not has_fixed_vectors(model, augment):
        raise ClassifierInputError(
            found=f"SMOTE cannot be used with {model.name} and the augmentation `{augment}`.",
            expected="SMOTE needs one fixed vector per image: a frozen backbone without augmentation, or a machine "
            "fitted to pixels.",
            action="Choose another classifier, or augment=none with a frozen one.",
        )


def check_oversampling() -> None:
    """Check that imbalanced-learn is installed.

    Raises:
        ClassifierInputError: it is not installed.
    """
    if find_spec("imblearn") is None:
        raise ClassifierInputError(
            found="The package imbalanced-learn is not installed.",
            expected="SMOTE needs it.",
            action='Install it with `pip install "ganbal[smote]"`, or leave SMOTE out.',
        )


def smote(
    vectors: np.ndarray, labels: np.ndarray, additions: Sequence[int], *, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """The examples, then new ones, each at a random position between an example and a near neighbor of its class.

    Synthetic minority over-sampling (Chawla et al., JAIR 2002) with its five neighbors, or as many as a class has.

    Args:
        vectors: (N, F) floats.
        labels: (N,) integers from 0.
        additions: number of new examples per class.

    Returns:
        Vectors (N + sum of additions, F) of the same type, and their labels.

    Raises:
        ClassifierInputError: imbalanced-learn is missing, or a class has a single example.
    """
    check_oversampling()
    from imblearn.over_sampling import SMOTE

    counts = np.bincount(labels, minlength=len(additions))
    growing = [label for label, number in enumerate(additions) if number]
    if not growing:
        return vectors, labels
    fewest = int(counts[growing].min())
    if fewest < 2:
        raise ClassifierInputError(
            found=f"A class that SMOTE adds to has {fewest} training image{'s' if fewest != 1 else ''}.",
            expected="SMOTE needs at least 2 of every class that it adds to.",
            action="Add images of it, or leave SMOTE out.",
        )
    wanted = {label: int(counts[label] + additions[label]) for label in growing}
    sampler = SMOTE(sampling_strategy=wanted, k_neighbors=min(_NEIGHBORS, fewest - 1), random_state=seed)
    more_vectors, more_labels = sampler.fit_resample(vectors, labels)
    return more_vectors.astype(vectors.dtype, copy=False), more_labels.astype(labels.dtype, copy=False)
