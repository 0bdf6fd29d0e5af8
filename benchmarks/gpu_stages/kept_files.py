"""What of a stage's work comes back in its output folder."""

import shutil
from collections.abc import Sequence
from pathlib import Path

LARGEST_FILE_BYTES = 8_000_000


def keep(folder: Path, out: Path, patterns: Sequence[str]) -> None:
    """Copy the files of `folder` that match a pattern, except very large ones, to the same places under `out`."""
    for file in (file for pattern in patterns for file in folder.glob(pattern)):
        if file.is_file() and file.stat().st_size <= LARGEST_FILE_BYTES:
            copy = out / file.relative_to(folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
