"""The folder of an export: what an earlier export wrote may be replaced, and nothing else."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganbal.errors import InputError
from ganbal.export.formats import FORMATS
from ganbal.runtime.atomic_files import read_json, write_json
from ganbal.runtime.disk_space import check_writable
from ganbal.runtime.number_text import some_of

RECORD = "export.json"
"""Lists the files of an export beside it, which makes the folder recognizable."""
_OTHER = "Name another folder with --to DIR."


def write_record(folder: Path, form: str, description: Mapping[str, Any]) -> None:
    """Complete an export with the list of its files."""
    record = {"format": form, "synthetic": True, **description, "files": files_in(folder)}
    write_json(folder / RECORD, record)


def files_in(folder: Path) -> list[str]:
    """Files and links below the folder, relative to it, with `/`."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if _is_no_folder(path))


def check_target(target: Path) -> None:
    """Check that an export may make or replace this folder.

    Raises:
        InputError: it cannot be written, it is in use, or it holds anything that no export wrote.
    """
    check_writable(target.absolute().parent, 0, _OTHER)
    if not target.is_dir():
        if os.path.lexists(target):
            raise _no_export(target)
        return
    _check_replaceable(target)
    if not any(target.iterdir()):
        return
    listed = _listed_files(target)
    if listed is None:
        raise _no_export(target)
    own = {RECORD, *listed, *(str(parent) for name in listed for parent in Path(name).parents)}
    found = sorted(path.relative_to(target).as_posix() for path in target.rglob("*"))
    if others := [name for name in found if name not in own]:
        raise InputError(
            found=f"Beside the files of an earlier export, {target} holds {some_of(others)}.",
            expected="Only a folder that holds nothing but an export is replaced.",
            action="Move the rest elsewhere, or name another folder with --to DIR.",
        )


def _check_replaceable(target: Path) -> None:
    """Check that the folder is not one that has to stay where it is."""
    is_current = Path.cwd().is_relative_to(os.path.realpath(target))
    if is_current or target.is_mount():
        raise InputError(
            found=f"{target} is the current folder, or contains it." if is_current else f"{target} is a mount point.",
            expected="An export makes a folder of its own, and replaces it as a whole.",
            action="Name a folder inside it with --to DIR.",
        )


def _no_export(target: Path) -> InputError:
    return InputError(
        found=f"{target} exists and is no earlier export.",
        expected="An export makes a folder of its own.",
        action=_OTHER,
    )


def _listed_files(folder: Path) -> list[str] | None:
    """The files that an export left in the folder by its own list; None where no export made it."""
    try:
        record = read_json(folder / RECORD)
        files = record["files"]
        is_export = record["synthetic"] is True and record["format"] in FORMATS
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return files if is_export and isinstance(files, list) and all(isinstance(name, str) for name in files) else None


def _is_no_folder(path: Path) -> bool:
    return path.is_symlink() or not path.is_dir()
