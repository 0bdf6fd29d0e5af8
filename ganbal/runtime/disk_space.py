"""Whether a place can be written to, checked without creating anything."""

import os
from pathlib import Path

from ganbal.errors import InputError, reason_of

_ROOM_FOR_NAMES = 300
"""Characters that the paths of files below a folder may add to it."""


def check_path(path: Path, remedy: str) -> None:
    """Check that the operating system can use the path at all, whether or not anything is there.

    Raises:
        InputError: it is too long, not UTF-8, holds a NUL, or lies in a folder without permission.
    """
    try:
        problem = "it holds a NUL character" if "\0" in str(path) else None
        str(path).encode()
        if problem is None:
            os.lstat(path)
            longest = os.pathconf("/", "PC_PATH_MAX") - _ROOM_FOR_NAMES
            problem = f"it has more than {longest} characters" if len(os.fsencode(path.absolute())) > longest else None
    except UnicodeEncodeError:
        problem = "it has bytes that are not UTF-8"
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        problem = reason_of(error)
    if problem is not None:
        text = str(path).encode(errors="backslashreplace").decode()
        shown = text if len(text) <= 100 else f"{text[:90]}…"
        raise InputError(
            found=f"The path {shown} cannot be used: {problem}.",
            expected="The operating system must be able to open it.",
            action=remedy,
        )


def check_writable(folder: Path, needed_bytes: int, remedy: str = "Name another place with --run DIR.") -> None:
    """Check that files of `needed_bytes` in all could be written to `folder`, which need not exist.

    Raises:
        InputError: it cannot be created or written to, or the disk is too full; `remedy` says what to do.
    """
    check_path(folder, remedy)
    nearest = next(place for place in (folder.absolute(), *folder.absolute().parents) if os.path.lexists(place))
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise InputError(
            found=f"{nearest} {'cannot be written to' if nearest.is_dir() else 'is not a folder'}.",
            expected=f"ganbal needs a folder that it can write to at {folder}.",
            action=remedy,
        )
    status = os.statvfs(nearest)
    free = status.f_bavail * status.f_frsize
    if free < needed_bytes:
        raise InputError(
            found=f"The disk has {free / 1e9:.1f} GB free.",
            expected=f"{folder} needs about {needed_bytes / 1e9:.1f} GB.",
            action=f"Free some space. Or else: {remedy}",
        )


def check_writable_file(file: Path, remedy: str) -> None:
    """Check that `file` could be written, before the work that is to fill it.

    Raises:
        InputError: it is a folder or another thing that is no file, or its folder cannot be written to.
    """
    check_writable(file.absolute().parent, 0, remedy)
    if file.exists() and not file.is_file():
        raise InputError(
            found=f"{file} is a {'folder' if file.is_dir() else 'device'}.",
            expected="The command writes a file there.",
            action=remedy,
        )
