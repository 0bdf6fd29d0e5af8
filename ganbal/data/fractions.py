"""Data sets with fewer training images of the minority class."""

from dataclasses import replace

import numpy as np

from ganbal.config import FEWEST_TO_LEARN_FROM
from ganbal.data.dataset import Dataset
from ganbal.data.image_table import ImageTable
from ganbal.errors import InputError


def dataset_with_fraction(dataset: Dataset, fraction: float) -> Dataset:
    """The same data set, with only a fraction of the minority class's training images in the training part."""
    return replace(dataset, table=table_with_fraction(dataset.table, fraction, dataset.split_seed))


def table_with_fraction(table: ImageTable, fraction: float, seed: int) -> ImageTable:
    """The table with the other training images of the minority class marked "unused".

    Whole patients are kept, in a random order that depends on the seed, until they have at least `fraction` of the
    images. A smaller fraction is therefore a subset of every larger one. Validation, test and the other classes do not
    change.

    Args:
        fraction: above 0 and at most 1.

    Raises:
        InputError: fewer images would remain than a generator needs.
    """
    rows = table.rows("train", table.minority_class)
    patients, patient_of_row, counts = np.unique(
        table.frame["patient"].to_numpy(dtype=str)[rows], return_inverse=True, return_counts=True
    )
    order = np.random.default_rng(seed).permutation(len(patients))
    # Rounded before the comparison, because 0.1 · 30 is slightly more than 3.
    wanted = np.round(fraction * len(rows), 6)
    num_kept = int(np.searchsorted(np.cumsum(counts[order]), wanted)) + 1
    kept = np.isin(patient_of_row, order[:num_kept])
    if kept.sum() < FEWEST_TO_LEARN_FROM:
        raise InputError(
            found=f"A fraction of {fraction:g} leaves {kept.sum()} of {len(rows)} training images of "
            f"{table.minority_class}.",
            expected=f"A generator needs at least {FEWEST_TO_LEARN_FROM} images to learn from.",
            action="Raise the smallest of study.minority_fractions.",
        )
    frame = table.frame.copy()
    frame.loc[rows[~kept], "split"] = "unused"
    return replace(table, frame=frame)
