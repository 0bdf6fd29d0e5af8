"""Packages that some inputs and outputs need, and that a plain installation does not have."""

import importlib
from typing import Any

from ganbal.errors import InputError, reason_of


def import_optional(module: str, *, extra: str, needed: str, alternative: str = "") -> Any:
    """Import a module of an optional package.

    Args:
        module: its full name, such as `pyarrow.parquet`.
        extra: the extra of ganbal that installs it.
        needed: a sentence that says what it is for.
        alternative: what else the user can do, such as "leave it out".

    Raises:
        InputError: the package is not installed, or cannot be imported.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        found = f"The package {package} cannot be imported: {reason_of(error)}."
        if isinstance(error, ModuleNotFoundError) and error.name in (package, module):
            found = f"The package {package} is not installed."
        other_way = f", or {alternative}" if alternative else ""
        raise InputError(
            found=found, expected=needed, action=f'Install it with `pip install "ganbal[{extra}]"`{other_way}.'
        ) from error
