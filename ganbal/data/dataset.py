"""From settings to a table of images and their pixels."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from ganbal.config import DataConfig
from ganbal.data.classes import ClassOrder, check_classes, order_classes
from ganbal.data.data_warnings import DataWarning
from ganbal.data.discovery import find_images
from ganbal.data.image_formats import printable
from ganbal.data.image_table import COLUMNS, ImageTable
from ganbal.data.patients import Patients, find_patients
from ganbal.data.phantom.dataset import ensure_phantom_set, planned_phantom_set
from ganbal.data.pixel_cache import DecodedCache, UnreadableFile
from ganbal.data.source import FoundImage, Source
from ganbal.data.splits import assign_splits
from ganbal.errors import InputError
from ganbal.runtime.console import Console

PHANTOM = "phantom"
_PHANTOM_ORIGIN = "embedded phantom set"
_USUAL_FOLDER = Path("data/chest_xray")
_MOST_EXAMPLES = 5


@dataclass(frozen=True)
class Dataset:
    """Images, decoded on demand.

    `given` is the folder or file that the user named and `origin` where: "data.root", "GANBAL_DATA", "data/chest_xray"
    or "embedded phantom set"; `split_rule` is a sentence on where validation comes from.
    """

    table: ImageTable
    given: Path
    origin: str
    class_order: ClassOrder
    patients: Patients
    split_rule: str
    warnings: tuple[DataWarning, ...]
    cache: DecodedCache

    @property
    def unreadable(self) -> tuple[UnreadableFile, ...]:
        """Files that were left out because they give no image."""
        return self.cache.index.unreadable

    def pixels(self, size_px: int) -> np.ndarray:
        """All images as gray squares: uint8 (N, size_px, size_px), 0 black, read-only, mapped from disk.

        Row i is row i of the table. Resized with antialiasing, aspect ratio not kept (see `decoding.resize_gray`).
        A size that is requested for the first time is decoded now.
        """
        return self.cache.pixels(size_px)


def resolve_root(config: DataConfig) -> tuple[Path | Literal["phantom"], str]:
    """Where the images are, and who says so: the setting, else GANBAL_DATA, else data/chest_xray, else the phantom set.

    Returns:
        An absolute path or "phantom", and "data.root", "GANBAL_DATA", "data/chest_xray" or
        "embedded phantom set". Whether the path exists is checked by `check_source`.
    """
    from_environment = os.environ.get("GANBAL_DATA", "").strip()
    if config.root is not None:
        wanted, origin = str(config.root), "data.root"
    elif from_environment:
        wanted, origin = from_environment, "GANBAL_DATA"
    elif _USUAL_FOLDER.is_dir():
        wanted, origin = str(_USUAL_FOLDER), str(_USUAL_FOLDER)
    else:
        wanted, origin = PHANTOM, _PHANTOM_ORIGIN
    if wanted == PHANTOM:
        return "phantom", _PHANTOM_ORIGIN
    return Path(os.path.abspath(Path(wanted).expanduser())), origin  # noqa: PTH100 - without resolving links


def check_source(config: DataConfig, seed: int = 0) -> dict[str, int]:
    """Check the data within seconds, as far as that is possible without decoding images.

    Returns:
        Training images per class, in the order of the labels, after validation is cut off and before unreadable files
        are left out.

    Raises:
        InputError: nothing there, no known layout, mistakes in the CSV file, one class only, class names that cannot
            be used, a pattern or column of patients that finds none, or a class with too few images or patients.
    """
    root, _ = resolve_root(config)
    if root == PHANTOM:
        images: Sequence[FoundImage] = planned_phantom_set(config.phantom_images)
    else:
        images = find_images(_checked_path(Path(root)), patient_column=config.patient_column).images
    names = [image.class_name for image in images]
    check_classes(names)
    splits, _ = _split(images, find_patients(images, config.patient_pattern), config, seed)
    in_training = [name for name, split in zip(names, splits, strict=True) if split == "train"]
    return {name: in_training.count(name) for name in order_classes(names, config.positive_class).names}


def load_dataset(
    config: DataConfig, *, sizes_px: Sequence[int], seed: int, cache_root: Path, console: Console
) -> Dataset:
    """Find the images, decode them at these sizes (or open the cache), and split them.

    Args:
        sizes_px: sides of the squares that are needed; decoding them together is faster than one after another.
        seed: of the splits.
        cache_root: folder for decoded images and the phantom set.

    Raises:
        InputError: whatever `check_source` raises; also more unreadable files than `config.max_unreadable_fraction`.
        GanbalError: files change while they are read, or the cache cannot be written.
    """
    root, origin = resolve_root(config)
    if root == PHANTOM:
        source = find_images(ensure_phantom_set(cache_root, config.phantom_images, console))
    else:
        source = find_images(_checked_path(Path(root)), patient_column=config.patient_column)
    note = " PHANTOM SET: simulated images." if root == PHANTOM else ""
    console.say(f"Data: {source.given} ({origin}), {len(source.images)} images, {source.layout} layout.{note}")
    check_classes([image.class_name for image in source.images])
    cache = DecodedCache(source, cache_root, console, intensity=config.intensity_range)
    cache.prepare(sizes_px)
    warnings = [*source.warnings, *_check_readable(cache, len(source.images), config.max_unreadable_fraction)]
    found = {image.file_name: image for image in source.images}
    images = [found[file.file_name] for file in cache.index.readable]
    names = [image.class_name for image in images]
    check_classes(names)
    order = order_classes(names, config.positive_class)
    patients = find_patients(images, config.patient_pattern)
    warnings += patients.warnings()
    splits, rule = _split(images, patients, config, seed)
    table = _build_table(source, images, cache, order, splits, patients, is_phantom=root == PHANTOM)
    for warning in warnings:
        console.warn(f"{warning}.")
    return Dataset(table, source.given, origin, order, patients, rule, tuple(warnings), cache)


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
    intensity = cache.index.intensity
    return ImageTable(source.root, source.layout, is_phantom, order.names, frame[list(COLUMNS)], intensity)


def _split(images: Sequence[FoundImage], patients: Patients, config: DataConfig, seed: int) -> tuple[np.ndarray, str]:
    """Split of every image, and the rule by which validation was cut."""
    return assign_splits(
        [None if config.resplit else image.split for image in images],
        [image.class_name for image in images],
        patients.ids,
        val_fraction=config.val_fraction,
        test_fraction=config.test_fraction,
        seed=seed,
        unit=patients.unit,
    )


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


def _checked_path(root: Path) -> Path:
    if printable(root) != str(root):
        raise InputError(
            found=f"The path {printable(root)} has bytes that are not UTF-8.",
            expected="It must be UTF-8, because it is recorded in the files of the run.",
            action="Rename the folder, or give a link to it.",
        )
    return root
