"""From settings to a table of images and their pixels."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from ganbal.config import DataConfig
from ganbal.data.checks import check_classes, check_readable
from ganbal.data.discovery import find_images
from ganbal.data.found import FoundImage, Source
from ganbal.data.image_table import COLUMNS, ImageTable
from ganbal.data.patients import patients_of
from ganbal.data.phantom.dataset import ensure_phantom_set, planned_phantom_set
from ganbal.data.pixel_cache import DecodedCache, FileFacts, Unreadable
from ganbal.data.splits import assign_splits
from ganbal.runtime.console import Console

PHANTOM = "phantom"
_PHANTOM_ORIGIN = "embedded phantom set"
_USUAL_FOLDER = Path("data/chest_xray")


@dataclass(frozen=True)
class Dataset:
    """Images, decoded on demand.

    `source` says how the data set was chosen; `unreadable` names the files left out; `split_rule` is a sentence on
    where validation comes from.
    """

    table: ImageTable
    source: str
    given: Path
    unreadable: list[dict[str, str]]
    split_rule: str
    cache: DecodedCache

    def pixels(self, size_px: int) -> np.ndarray:
        """All images as grey squares: uint8 (N, size_px, size_px), 0 black, read-only, mapped from disk.

        Row i is row i of the table. Resized with antialiasing, aspect ratio not kept (see `decoding.resize_grey`).
        A size asked for the first time is decoded now.
        """
        return self.cache.pixels(size_px)


def resolve_root(config: DataConfig) -> tuple[Path | Literal["phantom"], str]:
    """Where the images are, and how that was settled: the setting, else GANBAL_DATA, else data/chest_xray, else
    the embedded phantom set.

    Returns:
        An absolute path or "phantom", and "data.root", "GANBAL_DATA", "data/chest_xray" or
        "embedded phantom set". Whether the path exists is for `check_source` to say.
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
    """Say within seconds what is wrong with the data, as far as that shows without decoding it.

    Returns:
        Training images of each class, after validation is cut off and before unreadable files are left out.

    Raises:
        InputError: nothing there, no known layout, mistakes in the CSV, one class only, or a class with too few
            images or patients for its parts.
    """
    root, _ = resolve_root(config)
    images = planned_phantom_set(config.phantom_images) if root == PHANTOM else find_images(Path(root)).images
    check_classes(images)
    splits, _, _ = _split(images, config, seed)
    names = np.array([image.class_name for image in images], dtype=object)
    return {name: int(((splits == "train") & (names == name)).sum()) for name in sorted(set(names))}


def load_dataset(
    config: DataConfig, *, sizes_px: Sequence[int], seed: int, cache_root: Path, console: Console
) -> Dataset:
    """Find the images, decode them at these sizes (or open the cache), and split them.

    Args:
        sizes_px: sides of the squares that will be wanted; decoding them together is quicker than one after another.
        seed: of the splits.
        cache_root: folder for decoded images and the phantom set.

    Raises:
        InputError: whatever `check_source` raises; also more unreadable files than `config.max_unreadable_fraction`.
        GanbalError: files change while they are read, or the cache cannot be written.
    """
    root, origin = resolve_root(config)
    is_phantom = root == PHANTOM
    if is_phantom:
        root = ensure_phantom_set(cache_root, config.phantom_images, console)
    source = find_images(Path(root))
    phantom_note = " PHANTOM SET: drawn, not photographed." if is_phantom else ""
    console.say(f"Data: {source.given} ({origin}), {len(source.images)} images, {source.layout} layout.{phantom_note}")
    for remark in source.remarks:
        console.warn(f"{remark}.")
    check_classes(source.images)
    cache = DecodedCache(source, cache_root, console)
    cache.prepare(sizes_px)
    unreadable = cache.index.unreadable
    check_readable(unreadable, len(source.images), config.max_unreadable_fraction, console)
    table, rule = _build_table(source, cache.index.readable, config, seed, is_phantom=is_phantom)
    return Dataset(table, origin, source.given, [_as_dict(entry) for entry in unreadable], rule, cache)


def _build_table(
    source: Source, readable: Sequence[FileFacts], config: DataConfig, seed: int, *, is_phantom: bool
) -> tuple[ImageTable, str]:
    found = {image.file_name: image for image in source.images}
    images = [found[facts.file_name] for facts in readable]
    check_classes(images)
    splits, patients, rule = _split(images, config, seed)
    classes = tuple(sorted({image.class_name for image in images}))
    frame = pd.DataFrame([vars(facts) for facts in readable])
    frame["class_name"] = [image.class_name for image in images]
    frame["label"] = np.array([classes.index(name) for name in frame["class_name"]], dtype=np.int64)
    frame["split"], frame["patient"] = splits, patients
    frame["split_found"] = [image.split or "all" for image in images]
    table = ImageTable(source.root, source.layout, is_phantom, classes, frame[list(COLUMNS)])
    return table, rule


def _split(images: Sequence[FoundImage], config: DataConfig, seed: int) -> tuple[np.ndarray, list[str], str]:
    """Split and patient of every image, and the rule by which validation was cut."""
    from_names = patients_of([image.file_name for image in images])
    patients = [image.patient or name for image, name in zip(images, from_names, strict=True)]
    splits, rule = assign_splits(
        [None if config.resplit else image.split for image in images],
        [image.class_name for image in images],
        patients,
        val_fraction=config.val_fraction,
        test_fraction=config.test_fraction,
        seed=seed,
    )
    return splits, patients, rule


def _as_dict(entry: Unreadable) -> dict[str, str]:
    return {"file_name": entry.file_name, "reason": entry.reason}
