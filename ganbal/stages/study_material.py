"""A run's images as its study takes them: real ones by their splits, synthetic ones resized."""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ganbal.config import StudyConfig
from ganbal.data.dataset import Dataset
from ganbal.data.decoding import resize_grey
from ganbal.data.image_table import ImageTable
from ganbal.study.arms import ImageSet
from ganbal.study.arms.additions import ClassCounts
from ganbal.study.cells import TestSet
from ganbal.study.sources import StudyImages, StudySource


@dataclass(frozen=True)
class Synthetic:
    """A run's synthetic images: pixels (N, S, S) uint8, names, class names and what identifies them."""

    pixels: np.ndarray
    names: list[str]
    class_names: list[str]
    digest: str

    def of_class(self, class_name: str) -> "Synthetic":
        rows = [row for row, name in enumerate(self.class_names) if name == class_name]
        names = [self.names[row] for row in rows]
        return Synthetic(self.pixels[rows], names, [class_name] * len(rows), self.digest)

    def resized(self, size_px: int) -> np.ndarray:
        """(N, size_px, size_px) uint8."""
        return np.stack([resize_grey(image, size_px) for image in self.pixels])


def study_source(
    dataset: Dataset,
    synthetic: Synthetic | None,
    study: StudyConfig,
    at_fraction: Callable[[float], StudySource] | None,
) -> StudySource:
    """What the study is made from; `synthetic` is None where there are none or no arm takes notice of them."""
    table = dataset.table
    train, val = _training_rows(table, study)
    counts = ClassCounts(
        np.bincount(_labels(table)[train], minlength=len(table.classes)).astype(np.int64),
        np.array([synthetic.class_names.count(name) if synthetic else 0 for name in table.classes], dtype=np.int64),
    )

    def at_size(size_px: int) -> StudyImages:
        pixels, labels, test = dataset.pixels(size_px), _labels(table), table.rows("test")
        names, patients = (table.frame[column].iloc[test].tolist() for column in ("file_name", "patient"))
        return StudyImages(
            ImageSet(pixels[train], labels[train]),
            _synthetic_set(synthetic, table, size_px),
            ImageSet(pixels[val], labels[val]),
            TestSet(ImageSet(pixels[test], labels[test]), names, patients, table.classes),
        )

    return StudySource(
        at_size=functools.lru_cache(maxsize=2)(at_size),
        data_digest=table.digest(),
        synthetic_digest=synthetic.digest if synthetic is not None else "",
        counts=lambda: counts,
        at_fraction=at_fraction,
    )


def _training_rows(table: ImageTable, study: StudyConfig) -> tuple[np.ndarray, np.ndarray]:
    """Rows to train on, and rows that say when to stop."""
    train, val, test = (table.rows(split) for split in ("train", "val", "test"))
    if study.protocol == "documents":
        # As published: everything else is trained on, and the test set says when to stop.
        return np.sort(np.concatenate([train, val])), test
    return train, val


def _synthetic_set(synthetic: Synthetic | None, table: ImageTable, size_px: int) -> ImageSet:
    if synthetic is None:
        return ImageSet(np.empty((0, size_px, size_px), np.uint8), np.empty(0, np.int64))
    labels = np.array([table.classes.index(name) for name in synthetic.class_names], dtype=np.int64)
    return ImageSet(synthetic.resized(size_px), labels)


def _labels(table: ImageTable) -> np.ndarray:
    return table.frame["label"].to_numpy(dtype=np.int64)
