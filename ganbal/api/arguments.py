"""Arguments of wrong types or values: one check, which says what was found and what is expected."""

import os
import reprlib
from typing import Any

from ganbal.errors import InputError


def check_argument(name: str, value: Any, *, is_right: bool, expected: str) -> None:
    """Raise an error that shows the value, unless it is right.

    Args:
        expected: a sentence.

    Raises:
        InputError: `is_right` is false.
    """
    if not is_right:
        shown = " ".join(reprlib.repr(value).split())
        raise InputError(found=f"{name} is {shown}.", expected=expected, action="Correct it.")


def is_path(value: Any) -> bool:
    """Whether it names a file or folder."""
    return isinstance(value, str | os.PathLike)
