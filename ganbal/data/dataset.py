"""From settings to a table of images and their pixels."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ganbal.config import DataConfig
from ganbal.config.data import NumChannels
from ganbal.data.classes import ClassOrder, check_classes, order_classes
from ganbal.data.conversion_facts import conversion_facts, conversion_warnings
from ganbal.data.data_warnings import DataWarning
from ganbal.data.dicom_warnings import dicom_warnings
from ganbal.data.image_table import COLUMNS, ImageTable
from ganbal.data.leakage import are_cut_apart, joined_patients, leakage_warnings
from ganbal.data.locating import PHANTOM, locate, resolve_root
from ganbal.data.patients import Patients, find_patients
from ganbal.data.pixel_cache import DecodedCache
from ganbal.data.pixel_index import UnreadableFile
from ganbal.data.source import FoundImage, Source
from ganbal.data.splits import assign_splits, validation_fraction
from ganbal.errors import InputError
from ganbal.runtime.console import Console

_MOST_EXAMPLES = 5


@dataclass(frozen=True)
class Dataset:
    """Images, decoded on demand.

    `given`, `origin` and `imports` are those of `locating.LocatedSource`; `split_rule` is a sentence on where
    validation comes from, `split_seed` the seed of the splits.
    """

    table: ImageTable
    given: Path
    origin: str
    class_order: ClassOrder
    patients: Patients
    split_rule: str
    split_seed: int
    warnings: tuple[DataWarning, ...]
    cache: DecodedCache
    imports: tuple[dict[str, Any], ...] = ()

    @property
    def unreadable(self) -> tuple[UnreadableFile, ...]:
        """Files that were left out because they give no image."""
        return self.cache.index.unreadable

    @property
    def channels(self) -> NumChannels:
        """1 where the images are read in gray, 3 in color."""
        return self.table.conversion.channels

    def pixels(self, size_px: int) -> np.ndarray:
        """All images as squares: uint8 (N, S, S) in gray or (N, S, S, 3) in color, read-only, mapped from disk.

        Row i is row i of the table. Resized with antialiasing, fitted to a square by `data.fit` (see
        `squares.to_square`).
        A size that is requested for the first time is decoded now.
        """
        return self.cache.pixels(size_px)


def check_source(config: DataConfig, cache_root: Path, console: Console) -> dict[str, int]:
    """Check the data within seconds, as far as that is possible without decoding images.

    What is no folder or table is imported into the cache first, which takes longer when it is new.

    Returns:
        Training images per class, in the order of the labels, after validation is cut off and before unreadable files
        are left out.

    Raises:
        InputError: nothing there, no known layout, mistakes in the CSV file, one class only, class names that cannot
            be used, a pattern or column of patients that finds none, or a class with too few images or patients.
    """
    if resolve_root(config)[0] == PHANTOM:
        from ganbal.data.phantom.dataset import planned_phantom_set  # loads SciPy

        images: Sequence[FoundImage] = planned_phantom_set(config.phantom_images)
    else:
        images = locate(config, cache_root, console).source.images
    names = [image.class_name for image in images]
    check_classes(names)
    splits, _ = _split(images, find_patients(images, config.patient_pattern), config)
    in_training = [name for name, split in zip(names, splits, strict=True) if split == "train"]
    return {name: in_training.count(name) for name in order_classes(names, config.positive_class).names}


def load_dataset(config: DataConfig, *, sizes_px: Sequence[int], cache_root: Path, console: Console) -> Dataset:
    """Find the images, decode them at these sizes (or open the cache), and split them.

    Args:
        sizes_px: sides of the squares that are needed; decoding them together is faster than one after another.
        cache_root: folder for decoded images and the phantom set.

    Raises:
        InputError: whatever `check_source` raises; also more unreadable files than `config.max_unreadable_fraction`.
        GanbalError: files change while they are read, or the cache cannot be written.
    """
    located = locate(config, cache_root, console)
    source = located.source
    note = " PHANTOM SET: simulated images." if located.is_phantom else ""
    console.say(f"Data: {located.given} ({located.origin}), {len(source.images)} images, {source.layout} layout.{note}")
    check_classes([image.class_name for image in source.images])
    cache = DecodedCache(
        source, cache_root, console, intensity=config.black_and_white, channels=config.channels, fit=config.fit
    )
    cache.prepare(sizes_px)
    warnings = [*source.warnings, *_check_readable(cache, len(source.images), config.max_unreadable_fraction)]
    found = {image.file_name: image for image in source.images}
    images = [found[file.file_name] for file in cache.index.readable]
    names = [image.class_name for image in images]
    check_classes(names)
    order = order_classes(names, config.positive_class)
    in_dicom = [file.patient for file in cache.index.readable]
    patients = find_patients(images, config.patient_pattern, in_dicom)
    warnings += patients.warnings()
    splits, rule = _split(images, patients, config, [file.sha256 for file in cache.index.readable])
    table = _build_table(source, images, cache, order, splits, patients, is_phantom=located.is_phantom)
    warnings += conversion_warnings(conversion_facts(table, cache, config))
    warnings += dicom_warnings(cache, table.frame)
    warnings += leakage_warnings(table.frame, patients.counts)
    for warning in warnings:
        console.warn(f"{warning}.")
    return Dataset(
        table,
        located.given,
        located.origin,
        order,
        patients,
        rule,
        config.split_seed,
        tuple(warnings),
        cache,
        located.imports,
    )


def _build_table(
    source: Source,
    images: Sequence[FoundImage],
    cache: DecodedCache,
    order: ClassOrder,
    splits: np.ndarray,
    patients: Patients,
    *,
    is_phantom: bool,
) -> ImageTable:
    frame = pd.DataFrame([vars(file) for file in cache.index.readable])
    frame["class_name"] = [image.class_name for image in images]
    frame["label"] = np.array([order.names.index(image.class_name) for image in images], dtype=np.int64)
    frame["split"], frame["patient"] = splits, patients.ids
    frame["split_found"] = [image.split or "all" for image in images]
    conversion = cache.index.conversion
    return ImageTable(source.root, source.layout, is_phantom, order.names, frame[list(COLUMNS)], conversion)


def _split(
    images: Sequence[FoundImage], patients: Patients, config: DataConfig, digests: Sequence[str] = ()
) -> tuple[np.ndarray, str]:
    """Split of every image, and the rule by which validation was cut.

    Args:
        digests: of each image's file. Where a cut separates files with the same bytes, their patients count as one,
            and all is cut again, unless too few of them remain. Other sets keep the splits that patients alone give.
    """
    found = [None if config.resplit else image.split for image in images]
    names = [image.class_name for image in images]
    cut = partial(
        assign_splits,
        found,
        names,
        val_fraction=validation_fraction(config.val_fraction, found, names),
        test_fraction=config.test_fraction,
        seed=config.split_seed,
        unit=patients.unit,
    )
    splits, rule = cut(patients.ids)
    if digests and are_cut_apart(found, splits, digests):
        with suppress(InputError):  # a warning about files in several splits follows
            return cut(joined_patients(patients.ids, digests))
    return splits, rule


def _check_readable(cache: DecodedCache, num_images: int, max_fraction: float) -> list[DataWarning]:
    """A warning that names unreadable files, which are left out.

    Raises:
        InputError: they are more than `max_fraction` of all.
    """
    unreadable = cache.index.unreadable
    if not unreadable:
        return []
    examples = [f"{entry.file_name}: {entry.reason}" for entry in unreadable[:_MOST_EXAMPLES]]
    warning = DataWarning("unreadable-files", {"count": len(unreadable), "images": num_images, "examples": examples})
    if len(unreadable) / num_images > max_fraction:
        more = len(unreadable) - len(examples)
        raise InputError(
            found=f"{len(unreadable)} of {num_images} image files cannot be read:\n  "
            + "\n  ".join(examples + ([f"and {more} more"] if more else [])),
            expected=f"At most {max_fraction:.0%} of them may be unreadable (data.max_unreadable_fraction).",
            action="Replace or remove these files, or raise the limit.",
        )
    return [warning]
