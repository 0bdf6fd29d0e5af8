"""Earlier synthetic images, kept aside while others are generated in their place and put back after a failure."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ganbal.errors import InterruptedBySignal
from ganbal.synthesis.manifest import SyntheticFolder, clear

_ASIDE = ".earlier~"
"""No class has a folder of this name: `manifest.class_folder` replaces the last character."""


@contextmanager
def replacing(folder: SyntheticFolder) -> Iterator[None]:
    """Images are generated into `folder`, which holds no earlier ones meanwhile; a failure puts those back.

    An interruption, like a kill, leaves a partial folder without a manifest, which does not count. The earlier images
    stay aside until the next synthesis has finished or failed.
    """
    aside = SyntheticFolder(folder.root / _ASIDE)
    if folder.manifest.is_file():
        _put_aside(folder, aside)
    else:
        clear(folder)
    try:
        yield
    except InterruptedBySignal:
        raise
    except Exception:
        clear(folder)
        _put_back(folder, aside)
        raise
    shutil.rmtree(aside.root, ignore_errors=True)


def _put_aside(folder: SyntheticFolder, aside: SyntheticFolder) -> None:
    shutil.rmtree(aside.root, ignore_errors=True)
    try:
        _move(_files(folder), folder.root, aside.root)
    except OSError:
        _put_back(folder, aside)
        raise


def _put_back(folder: SyntheticFolder, aside: SyntheticFolder) -> None:
    _move(_files(aside)[::-1], aside.root, folder.root)
    shutil.rmtree(aside.root, ignore_errors=True)


def _files(folder: SyntheticFolder) -> list[Path]:
    """The files of a synthesis. The manifest leaves first and returns last: a partial folder never looks complete."""
    files = [folder.manifest, folder.summary, *sorted(folder.root.glob("*/synthetic_*.png"))]
    return [file for file in files if file.is_file()]


def _move(files: list[Path], source: Path, target: Path) -> None:
    for file in files:
        place = target / file.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        file.replace(place)
