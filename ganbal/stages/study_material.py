"""A run's images as its study takes them: real ones by their splits, synthetic ones resized."""

import functools

import numpy as np

from ganbal.config import StudyConfig
from ganbal.data.image_table import ImageTable
from ganbal.stages.context import RunContext
from ganbal.study.arms import ImageSet, find_arm
from ganbal.study.arms.additions import ClassCounts
from ganbal.study.cells import TestSet
from ganbal.study.sources import StudyImages, StudySource
from ganbal.synthesis.manifest import SyntheticImages


def study_source(context: RunContext) -> StudySource:
    """What the study of a run is made from; synthetic images are read only where an arm needs them."""
    dataset, study, table = context.dataset, context.config.study, context.dataset.table
    synthetic = context.synthetic if _uses_synthetic(context) else None
    train, val = _training_rows(table, study)
    counts = class_counts(context)

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
        at_fraction=functools.cache(lambda fraction: study_source(context.at_fraction(fraction))),
    )


def class_counts(context: RunContext) -> ClassCounts:
    """How many real and synthetic images the study of a run has to train with."""
    table = context.dataset.table
    train, _ = _training_rows(table, context.config.study)
    synthetic = context.synthetic.class_names if _uses_synthetic(context) else []
    return ClassCounts(
        np.bincount(_labels(table)[train], minlength=len(table.classes)).astype(np.int64),
        np.array([synthetic.count(name) for name in table.classes], dtype=np.int64),
    )


def _uses_synthetic(context: RunContext) -> bool:
    arms = [find_arm(name) for name in context.config.study.arms]
    if any(arm.needs_synthetic for arm in arms):
        return True
    # Arms of copies add as many images as a generator would; without one, as many as are missing.
    return any(arm.adds_images for arm in arms) and context.synthetic_folder.manifest.is_file()


def _training_rows(table: ImageTable, study: StudyConfig) -> tuple[np.ndarray, np.ndarray]:
    """Rows to train on, and rows that say when to stop."""
    train, val, test = (table.rows(split) for split in ("train", "val", "test"))
    if study.protocol == "documents":
        # As published: everything else is trained on, and the test set says when to stop.
        return np.sort(np.concatenate([train, val])), test
    return train, val


def _synthetic_set(synthetic: SyntheticImages | None, table: ImageTable, size_px: int) -> ImageSet:
    if synthetic is None:
        return ImageSet(np.empty((0, size_px, size_px), np.uint8), np.empty(0, np.int64))
    labels = np.array([table.classes.index(name) for name in synthetic.class_names], dtype=np.int64)
    return ImageSet(synthetic.resized(size_px), labels)


def _labels(table: ImageTable) -> np.ndarray:
    return table.frame["label"].to_numpy(dtype=np.int64)
