"""The images of one protocol, in the shape that a study takes them."""

import functools

import numpy as np

from ganbal.data.dataset import Dataset
from ganbal.study.arms import ImageSet
from ganbal.study.cells import TestSet
from ganbal.study.sources import StudyImages, StudySource
from ganbal.synthesis.manifest import SyntheticImages


def study_source(dataset: Dataset, protocol: str, synthetic: SyntheticImages | None) -> StudySource:
    """The images as the protocol splits them.

    `documents` trains on everything but the test set and stops on the test set, as the published systems did; `honest`
    stops on validation images, which are cut from the training part by patient.
    """
    at_size = functools.lru_cache(maxsize=1)(functools.partial(_at_size, dataset, protocol, synthetic))
    return StudySource(at_size, dataset.table.digest(), synthetic.digest if synthetic is not None else "")


def _at_size(dataset: Dataset, protocol: str, synthetic: SyntheticImages | None, size_px: int) -> StudyImages:
    table, pixels = dataset.table, dataset.pixels(size_px)
    labels = table.frame["label"].to_numpy()
    train, val, test = (table.rows(split) for split in ("train", "val", "test"))
    if protocol == "documents":
        train, val = np.sort(np.concatenate([train, val])), test

    def chosen(rows: np.ndarray) -> ImageSet:
        return ImageSet(pixels[rows], labels[rows])

    drawn = ImageSet(np.empty((0, size_px, size_px), np.uint8), np.empty(0, np.int64))
    if synthetic is not None:
        numbers = np.array([table.classes.index(name) for name in synthetic.class_names], dtype=np.int64)
        drawn = ImageSet(synthetic.resized(size_px), numbers)
    names, patients = (table.frame[column].iloc[test].tolist() for column in ("file_name", "patient"))
    return StudyImages(chosen(train), drawn, chosen(val), TestSet(chosen(test), names, patients, table.classes))
