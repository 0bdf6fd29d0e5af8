"""Reading, hashing and decoding all files of a source in several threads."""

import hashlib
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TypeVar

from classifiers.training.prefetching import prefetched
from ganbal.data.decoding import (
    Conversion,
    DecodedImage,
    IntensityRange,
    common_range,
    decode_file,
    deep_extremes,
    file_shows_color,
)
from ganbal.data.image_limits import UnreadableImageError
from ganbal.data.source import Source
from ganbal.runtime.console import Console
from ganbal.runtime.cpus import usable_cpus

FileState = tuple[int, ...]
"""Size, modification time, change time (ns) and inode; empty for a file that is not there."""
_FILES_PER_TASK = 16
_MOST_THREADS = 16
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def decode_all(
    source: Source, sizes_px: Sequence[int], conversion: Conversion, console: Console
) -> Iterator[tuple[str, str, DecodedImage | str]]:
    """Every file in order: its name, its SHA-256, and the decoded image or why there is none."""
    names = [image.file_name for image in source.images]
    decode = partial(_decode_one, source.root, sizes_px, conversion)
    with console.progress(len(names), "decoding", "image") as bar, warnings.catch_warnings():
        # PIL warns of broken metadata and of large images, file by file; what matters of that is refused anyway.
        warnings.simplefilter("ignore")
        for outcome in in_threads(decode, names):
            yield outcome
            bar.update()


def hash_files(root: Path, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each name with the SHA-256 of its content."""
    yield from in_threads(lambda name: (name, hash_of(root / name)), names)


def hash_of(path: Path) -> str:
    """SHA-256 of a file's content; of one that cannot be read, the reason."""
    try:
        if path.is_file():
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        return "not a file"
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the path
        return f"cannot be read: {getattr(error, 'strerror', None) or error}"


def file_states(source: Source) -> dict[str, FileState]:
    """The state of every file."""
    states: dict[str, FileState] = {}
    for image in source.images:
        try:
            status = os.stat(os.path.join(source.root, image.file_name))  # noqa: PTH116, PTH118 - called per image
        except OSError:
            states[image.file_name] = (0, 0, 0, 0)
        else:
            states[image.file_name] = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
    return states


def find_intensity_range(paths: Sequence[Path], *, with_window: bool = True) -> tuple[IntensityRange | None, int]:
    """One range for all deep images (more than 8 bits per channel) among these files, and their number.

    Args:
        with_window: see `deep_extremes`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        of_each = in_threads(partial(deep_extremes, with_window=with_window), paths)
        extremes = [pair for pair in of_each if pair is not None]
    return (common_range(extremes) if extremes else None), len(extremes)


def find_colored(paths: Sequence[Path]) -> list[bool]:
    """Which of these files show color."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(in_threads(file_shows_color, paths))


def in_threads(work: Callable[[_Item], _Result], items: Sequence[_Item]) -> Iterator[_Result]:
    """`work` on every item, results in order, computed in threads a limited number of items ahead of the consumer."""
    tasks = (items[start : start + _FILES_PER_TASK] for start in range(0, len(items), _FILES_PER_TASK))
    with closing(prefetched(lambda task: [work(item) for item in task], tasks, decoding_threads())) as done:
        for _, results in done:
            yield from results


def _decode_one(
    root: Path, sizes_px: Sequence[int], conversion: Conversion, name: str
) -> tuple[str, str, DecodedImage | str]:
    try:
        image = decode_file(root / name, sizes_px, conversion)
    except UnreadableImageError as error:
        return name, hash_of(root / name), str(error)
    return name, image.sha256, image


def decoding_threads() -> int:
    """Number of threads that decode at once."""
    return min(_MOST_THREADS, usable_cpus())
