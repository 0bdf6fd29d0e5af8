"""The images of a study: real ones by split, synthetic ones resized, at any size and minority fraction."""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ganbal.config import StudyConfig
from ganbal.data.dataset import Dataset
from ganbal.data.decoding import USUAL, Conversion
from ganbal.data.fractions import dataset_with_fraction
from ganbal.data.image_table import ImageTable
from ganbal.data.squares import square_shape
from ganbal.study.arms import ARMS, ImageSet, TrainingSet, find_arm
from ganbal.study.cell import Cell
from ganbal.study.cells import TestSet
from ganbal.synthesis.counts import ClassCounts, additions_for
from ganbal.synthesis.manifest import SyntheticImages


@dataclass(frozen=True)
class StudyImages:
    """All images of a study at one size."""

    real: ImageSet
    synthetic: ImageSet
    validation: ImageSet
    test: TestSet

    @property
    def counts(self) -> ClassCounts:
        num_classes = len(self.test.classes)
        return ClassCounts(self.real.counts(num_classes), self.synthetic.counts(num_classes))


@dataclass(frozen=True)
class StudySource:
    """Where a study's images come from and what identifies them.

    Attributes:
        classes: names in the order of the labels.
        at_size: returns them at a classifier's input size.
        data_digest, synthetic_digest: change whenever the images or the splits do.
        counts: returns the number of training images without reading them; None counts the images.
        at_fraction: returns the source with that fraction of the minority class's training images and with the
            synthetic images of a generator that saw no others; None where only the whole set exists.
        conversion: how the files of the real images became squares.
    """

    classes: tuple[str, ...]
    at_size: Callable[[int], StudyImages]
    data_digest: str
    synthetic_digest: str
    counts: Callable[[], ClassCounts] | None = None
    at_fraction: Callable[[float], "StudySource"] | None = None
    conversion: Conversion = USUAL

    def counts_at(self, size_px: int) -> ClassCounts:
        return self.counts() if self.counts is not None else self.at_size(size_px).counts

    def with_fraction(self, fraction: float) -> "StudySource":
        if fraction == 1:
            return self
        assert self.at_fraction is not None
        return self.at_fraction(fraction)


def training_set(cell: Cell, images: StudyImages) -> TrainingSet:
    """What the cell trains on: its arm, built from these images."""
    random = np.random.default_rng([cell.seed, *cell.arm.encode()])
    additions = additions_for(images.counts, cell.synthetic_ratio)
    return ARMS[cell.arm].build(images.real, images.synthetic, additions, random)


def study_source(
    dataset: Dataset,
    protocol: str,
    synthetic_of: Callable[[float], SyntheticImages | None],
) -> StudySource:
    """The source of a data set and its synthetic images.

    Args:
        protocol: `documents` trains on everything except the test set and stops early on the test set, as the published
            systems did; `honest` stops on validation images, which are split from the training part by patient.
        synthetic_of: returns the synthetic images for a minority fraction; None where no arm uses them.
    """

    def at_fraction(fraction: float) -> StudySource:
        return _source(dataset_with_fraction(dataset, fraction), protocol, synthetic_of(fraction))

    return _source(dataset, protocol, synthetic_of(1.0), functools.cache(at_fraction))


def _source(
    dataset: Dataset,
    protocol: str,
    synthetic: SyntheticImages | None,
    at_fraction: Callable[[float], StudySource] | None = None,
) -> StudySource:
    table = dataset.table
    labels, (train, validation, test) = table.frame["label"].to_numpy(dtype=np.int64), _rows(table, protocol)
    counts = ClassCounts(
        np.bincount(labels[train], minlength=len(table.classes)).astype(np.int64),
        np.array([synthetic.class_names.count(name) if synthetic else 0 for name in table.classes], dtype=np.int64),
    )

    def at_size(size_px: int) -> StudyImages:
        pixels = dataset.pixels(size_px)
        names, patients = (table.frame[column].iloc[test].tolist() for column in ("file_name", "patient"))
        return StudyImages(
            ImageSet(pixels[train], labels[train]),
            _synthetic_set(synthetic, table, size_px),
            ImageSet(pixels[validation], labels[validation]),
            TestSet(ImageSet(pixels[test], labels[test]), names, patients, table.classes),
        )

    return StudySource(
        classes=table.classes,
        at_size=functools.lru_cache(maxsize=2)(at_size),
        data_digest=table.digest(),
        synthetic_digest=synthetic.digest if synthetic is not None else "",
        counts=lambda: counts,
        at_fraction=at_fraction,
        conversion=table.conversion,
    )


def _rows(table: ImageTable, protocol: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows to train on, rows for early stopping, and rows to predict."""
    train, validation, test = (table.rows(split) for split in ("train", "val", "test"))
    if protocol == "documents":
        return np.sort(np.concatenate([train, validation])), test, test
    return train, validation, test


def _synthetic_set(synthetic: SyntheticImages | None, table: ImageTable, size_px: int) -> ImageSet:
    if synthetic is None:
        shape = square_shape(size_px, table.conversion.channels)
        return ImageSet(np.empty((0, *shape), np.uint8), np.empty(0, np.int64))
    labels = np.array([table.classes.index(name) for name in synthetic.class_names], dtype=np.int64)
    return ImageSet(synthetic.resized(size_px), labels)


def uses_synthetic(study: StudyConfig, *, are_available: bool) -> bool:
    """Whether a study takes notice of synthetic images.

    Arms of copies add as many images as a generator made, or, where there are none, as many as are missing.
    """
    arms = [find_arm(name) for name in study.arms]
    return any(arm.needs_synthetic for arm in arms) or (are_available and any(arm.adds_images for arm in arms))
