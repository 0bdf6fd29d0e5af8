"""Lists, data frames and one-hot labels, to arrays and back: what comes out has the type of what went in."""

from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import issparse
from sklearn.utils.multiclass import type_of_target

from ganbal.errors import InputError


def as_images(given: Any) -> np.ndarray:
    """X as an array.

    Raises:
        InputError: it is sparse, or not an array of numbers.
    """
    if issparse(given):
        raise InputError(
            found=f"X is a sparse {type(given).__name__}.",
            expected="Images are dense arrays.",
            action="Convert it with .toarray().",
        )
    try:
        return np.asarray(given)
    except ValueError as error:  # lists of different lengths
        raise InputError(
            found=f"X is no array: {error}.",
            expected="All images must have the same size.",
            action="Resize them first.",
        ) from error


def as_labels(given: Any) -> tuple[np.ndarray, int | None]:
    """Labels (N,), and the number of columns where they were given one-hot (N, K), else None.

    Raises:
        InputError: continuous or several labels per image.
    """
    labels = np.asarray(given)
    kind = type_of_target(labels, input_name="y")
    if kind == "multilabel-indicator" and (np.asarray(labels).sum(axis=1) == 1).all():
        return labels.argmax(axis=1), labels.shape[1]
    if kind not in ("binary", "multiclass") or (labels.ndim == 2 and labels.shape[1] != 1):
        raise InputError(
            found=f"Unknown label type: {kind}.",
            expected="Every image has one class in y: text, whole numbers, or one column per class with a single 1. "
            "Multilabel and multioutput targets are not supported.",
            action="Give one label per image.",
        )
    return labels.ravel(), None


def labels_like(given: Any, labels: np.ndarray, num_columns: int | None) -> Any:
    """Labels (M,) in the type in which y was given."""
    if num_columns is not None:
        labels = np.eye(num_columns, dtype=np.asarray(given).dtype)[labels]
    return _like(given, labels)


def images_like(given: Any, images: np.ndarray) -> Any:
    """Images in the type in which X was given."""
    return _like(given, images)


def _like(given: Any, values: np.ndarray) -> Any:
    if isinstance(given, list):
        return values.tolist()
    if isinstance(given, pd.DataFrame):
        columns = values.reshape(len(values), -1)
        return pd.DataFrame(columns, columns=given.columns).astype(given.dtypes)
    if isinstance(given, pd.Series):
        return pd.Series(values, dtype=given.dtype, name=given.name)
    return values
