"""Links inside a folder that would carry writes out of it."""

import os
from pathlib import Path

from ganbal.errors import InputError
from ganbal.runtime.text import printable


def check_links(folder: Path) -> None:
    """Check that no link below `folder` leads out of it, so that what is written there stays there.

    The folder itself may be a link.

    Raises:
        InputError: a link does; it may lead to a file, to a folder or to nothing yet.
    """
    root = os.path.realpath(folder)
    for place, folders, files in os.walk(root):
        for path in (Path(place, name) for name in [*folders, *files]):
            if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(root):
                raise InputError(
                    found=f"{printable(str(folder / path.relative_to(root)))} is a link to "
                    f"{printable(os.path.realpath(path))}, outside the run.",
                    expected="ganbal writes into the folder of the run only.",
                    action="Replace the link with a copy of what it leads to, or remove it.",
                )
