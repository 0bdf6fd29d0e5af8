"""Which images a data set has: the entry point to all formats."""

import stat
from collections import Counter
from dataclasses import replace
from pathlib import Path, PurePath

from ganbal.config import DataConfig
from ganbal.data.data_warnings import DataWarning
from ganbal.data.image_formats import IMAGE_SUFFIXES, is_volume_name, printable, suffix_of
from ganbal.data.layouts.folders import LAYOUTS, read_folders
from ganbal.data.layouts.imagefolder import read_imagefolder
from ganbal.data.layouts.table_text import TABLE_SUFFIXES
from ganbal.data.layouts.tables import ListedIn, read_tables
from ganbal.data.source import Source
from ganbal.errors import InputError, reason_of

TABLE_SETTINGS = ("path_column", "label_column", "split_column", "patient_column", "image_root")
"""Fields of DataConfig that only tables need."""


def find_images(root: Path, config: DataConfig | None = None) -> Source:
    """List the images of a data set, sorted by name, without opening them.

    Args:
        root: a folder in a known layout (see `layouts.folders`), or a table (see `layouts.tables`).
        config: says which columns a table has; None takes the defaults.

    Raises:
        InputError: nothing there, no known layout, no images, mistakes in the table, or settings of a table for a
            folder without one.
    """
    config = config or DataConfig()
    kind = _kind_of(root)
    if kind == "file" and root.suffix.lower() in TABLE_SUFFIXES:
        source = read_tables(root, config.image_root or root.parent, [ListedIn(root)], config)
        return _without_stray_volumes(source, config)
    if kind != "folder":
        raise InputError(
            found=f"{printable(root)} is {f'a {kind}' if kind != 'file' else 'a file of no known format'}.",
            expected=f"ganbal needs {LAYOUTS}.",
            action="Correct data.root or --data.",
        )
    listed = read_imagefolder(root, config)
    if listed is not None:
        return _without_stray_volumes(listed, config)
    if wrong := [name for name in TABLE_SETTINGS if getattr(config, name) is not None]:
        raise InputError(
            found=f"data.{wrong[0]} is set, but {printable(root)} is a folder.",
            expected="This setting needs a CSV file that lists the images.",
            action="Give --data the CSV file, or remove the setting; data.patient_pattern finds patients in the names "
            "of files and folders.",
        )
    return _without_stray_volumes(read_folders(root), config)


def _without_stray_volumes(source: Source, config: DataConfig) -> Source:
    """Without the volumes beside images, unless slices of volumes are asked for."""
    volumes = [image.file_name for image in source.images if is_volume_name(image.file_name)]
    if config.nifti_slices is not None or len(volumes) in (0, len(source.images)):
        return source
    by_suffix = dict(Counter(suffix_of(PurePath(name)) for name in volumes).most_common())
    values = {"by_suffix": by_suffix, "example": volumes[0], "read": list(IMAGE_SUFFIXES)}
    images = tuple(image for image in source.images if not is_volume_name(image.file_name))
    return replace(source, images=images, warnings=(*source.warnings, DataWarning("other-formats", values)))


def _kind_of(root: Path) -> str:
    """`folder`, `file`, or what else stands at `root`."""
    try:
        mode = root.stat().st_mode
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the path
        is_missing = isinstance(error, FileNotFoundError)
        raise InputError(
            found=f"There is nothing at {printable(root)}."
            if is_missing
            else f"The data set {printable(root)} cannot be read: {reason_of(error)}.",
            expected=f"ganbal needs {LAYOUTS}.",
            action="Correct --data (or GANBAL_DATA).",
        ) from error
    if stat.S_ISDIR(mode):
        return "folder"
    return "file" if stat.S_ISREG(mode) else "pipe, socket or device"
