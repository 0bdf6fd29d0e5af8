"""Choosing rows of images: evenly with repetition, or without replacement."""

import numpy as np

from ganbal.study.arms.image_set import ImageSet


def sample_evenly(rows: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
    """`count` of `rows`, in rounds: every row is chosen once before any is chosen again."""
    rounds = [random.permutation(rows) for _ in range(-(-count // len(rows)))] if count else []
    return np.concatenate([np.empty(0, dtype=rows.dtype), *rounds])[:count]


def sample_copies(images: ImageSet, additions: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Rows of images to copy, `additions` (K,) per class, class after class; evenly within each class."""
    by_class = [np.flatnonzero(images.labels == label) for label in range(len(additions))]
    return np.concatenate([sample_evenly(rows, n, random) for rows, n in zip(by_class, additions, strict=True)])


def sample_without_replacement(images: ImageSet, wanted: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Ascending rows of `wanted` (K,) images per class. A smaller sample is always a subset of a larger one."""
    chosen = []
    for label, number in enumerate(wanted):
        rows = np.flatnonzero(images.labels == label)
        assert number <= len(rows), f"{number} of {len(rows)} images of class {label}"
        chosen.append(random.permutation(rows)[:number])
    return np.sort(np.concatenate(chosen))
