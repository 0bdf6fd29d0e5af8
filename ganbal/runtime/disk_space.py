"""Whether a folder can be written to."""

import os
from pathlib import Path

from ganbal.errors import InputError


def check_writable(folder: Path, needed_bytes: int) -> None:
    """See, without making anything, that files of `needed_bytes` in all could be written to `folder`.

    Raises:
        InputError: it cannot be made or written to, or the disk is too full.
    """
    nearest = next(place for place in (folder.absolute(), *folder.absolute().parents) if os.path.lexists(place))
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise InputError(
            expected=f"a folder that can be written to at {folder}",
            found=f"{nearest}, {'which is not writable' if nearest.is_dir() else 'which is no folder'}",
            action="Name another place with --run DIR.",
        )
    status = os.statvfs(nearest)
    free = status.f_bavail * status.f_frsize
    if free < needed_bytes:
        raise InputError(
            expected=f"about {needed_bytes / 1e9:.1f} GB free for {folder}",
            found=f"{free / 1e9:.1f} GB",
            action="Free some space, or name another disk with --run DIR.",
        )
