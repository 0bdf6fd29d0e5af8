"""Finding the configurations of the published systems, in a checkout or where the package was installed."""

import difflib
import site
import sysconfig
from collections.abc import Iterator, Sequence
from pathlib import Path

from ganbal.errors import InputError


def documents_folder() -> Path:
    """`configs/documents` of the checkout, else where an installed package keeps its copy.

    Raises:
        InputError: there is neither.
    """
    for folder in _places():
        if any(folder.glob("*.yaml")):
            return folder
    raise InputError(
        expected="configurations of the published systems in " + " or ".join(str(place) for place in _places()),
        found="none",
        action="Install ganbal again, or work in a checkout of it.",
    )


def document_files(only: Sequence[str] = ()) -> list[Path]:
    """The YAML files by name, or those named in `only` (without `.yaml`).

    Raises:
        InputError: one of `only` is no such file.
    """
    files = {file.stem: file for file in sorted(documents_folder().glob("*.yaml"))}
    unknown = [name for name in only if name not in files]
    if unknown:
        near = difflib.get_close_matches(unknown[0], files, n=3, cutoff=0.3)
        raise InputError(
            expected=f"published systems among {', '.join(files)}",
            found=", ".join(map(repr, unknown)),
            action=f"Did you mean {' or '.join(near)}?" if near else "Take some of these, or leave --only out for all.",
        )
    return [files[name] for name in dict.fromkeys(only)] if only else list(files.values())


def _places() -> Iterator[Path]:
    yield Path(__file__).resolve().parents[2] / "configs" / "documents"
    for base in (sysconfig.get_path("data"), site.getuserbase()):
        yield Path(base) / "share" / "ganbal" / "documents"
