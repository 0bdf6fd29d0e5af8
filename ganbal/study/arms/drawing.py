"""Choosing images: evenly with repetition, or some of each class without."""

import numpy as np

from ganbal.study.arms.image_set import ImageSet


def draw_evenly(rows: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
    """`count` of `rows`, in rounds: every row is drawn once before any is drawn again."""
    rounds = [random.permutation(rows) for _ in range(-(-count // len(rows)))] if count else []
    return np.concatenate([np.empty(0, dtype=rows.dtype), *rounds])[:count]


def draw_copies(images: ImageSet, additions: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Rows of images to copy, so many of each class (K,), class after class; none of them twice more than another."""
    by_class = [np.flatnonzero(images.labels == label) for label in range(len(additions))]
    return np.concatenate([draw_evenly(rows, n, random) for rows, n in zip(by_class, additions, strict=True)])


def draw_some(images: ImageSet, wanted: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Ascending rows of so many images of each class (K,), none twice; fewer of them are always among more of them."""
    chosen = []
    for label, number in enumerate(wanted):
        rows = np.flatnonzero(images.labels == label)
        assert number <= len(rows), f"{number} of {len(rows)} images of class {label}"
        chosen.append(random.permutation(rows)[:number])
    return np.sort(np.concatenate(chosen))
