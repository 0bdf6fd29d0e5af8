"""Which images a data set has: the entry point to all formats."""

import stat
from pathlib import Path

from ganbal.data.image_formats import printable
from ganbal.data.layouts.csv_file import read_csv_file
from ganbal.data.layouts.folders import LAYOUTS, read_folders
from ganbal.data.source import Source
from ganbal.errors import InputError, reason_of


def find_images(root: Path, *, patient_column: str | None = None) -> Source:
    """List the images of a data set, sorted by name, without opening them.

    Args:
        root: a folder in a known layout (see `formats.folders`), or a CSV file (see `formats.csv_file`).
        patient_column: the CSV file's column of patients, where its name is not a usual one.

    Raises:
        InputError: nothing there, no known layout, no images, mistakes in the CSV file, or `patient_column` is given
            for a folder.
    """
    kind = _kind_of(root)
    if kind == "file" and root.suffix.lower() == ".csv":
        return read_csv_file(root, patient_column)
    if kind != "folder":
        raise InputError(
            found=f"{printable(root)} is {f'a {kind}' if kind != 'file' else 'neither a folder nor a CSV file'}.",
            expected=f"ganbal needs {LAYOUTS}.",
            action="Correct data.root or --data.",
        )
    if patient_column is not None:
        raise InputError(
            found=f"data.patient_column is set, but {printable(root)} is a folder.",
            expected="A column of patients needs a CSV file that lists the images.",
            action="Remove data.patient_column; data.patient_pattern finds patients in the names of files and folders.",
        )
    return read_folders(root)


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
