"""Decoded images kept on disk, so that every file is decoded once for each size."""

import hashlib
import json
import os
import shutil
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import PIL

from ganbal.data.decoding import DecodedImage, UnreadableImageError, decode_file
from ganbal.data.found import Source
from ganbal.errors import GanbalError
from ganbal.runtime.atomic_files import atomic_path, read_json, write_json
from ganbal.runtime.console import Console

# Goes up whenever decoding gives other pixels than before.
_DECODER_VERSION = 1
_FILES_PER_TASK, _FILES_PER_BLOCK = 16, 2048
_ABANDONED_AFTER_S = 3600


@dataclass(frozen=True)
class FileFacts:
    """What decoding told of one readable file; see DecodedImage."""

    file_name: str
    width_px: int
    height_px: int
    mode: str
    sha256: str


@dataclass(frozen=True)
class Unreadable:
    """A file that gives no image, and why."""

    file_name: str
    reason: str


@dataclass(frozen=True)
class Index:
    """The readable files, in the order of their rows, and the others."""

    readable: tuple[FileFacts, ...]
    unreadable: tuple[Unreadable, ...]


class DecodedCache:
    """Decoded pixels of a source under `cache_root`.

    Each state of the source has a folder of its own, named by the names, sizes, modification times and permissions of
    its files, so a changed file is never taken for the old one. In it are `index.json` and, for every size asked for
    so far, `pixels_<S>.npy`, uint8 (N, S, S). Each file appears whole or not at all. Folders of earlier states of the
    same source are deleted.
    """

    def __init__(self, source: Source, cache_root: Path, console: Console) -> None:
        self._source, self._console = source, console
        family = hashlib.sha256(str(source.given.absolute()).encode()).hexdigest()[:12]
        self._folder = cache_root / "decoded" / f"{family}-{_signature(source)[:20]}"
        self._index: Index | None = None

    @property
    def index(self) -> Index:
        """What is known of every file; `prepare` comes first."""
        assert self._index is not None
        return self._index

    def prepare(self, sizes_px: Sequence[int]) -> None:
        """Decode, in one go, whatever of these sizes is not in the cache.

        Raises:
            GanbalError: files changed meanwhile, or the cache cannot be written.
        """
        self._index = self._index or self._read_index()
        missing = [size for size in sorted(set(sizes_px)) if self._index is None or self._open(size) is None]
        if missing or self._index is None:
            try:
                self._decode(missing)
            except OSError as error:
                raise GanbalError(
                    f"Decoded images cannot be kept in {self._folder}: {error.strerror or error}."
                ) from error
            self._delete_abandoned()

    def pixels(self, size_px: int) -> np.ndarray:
        """uint8 (N, size_px, size_px), read-only and mapped from disk; rows as in the index."""
        self.prepare([size_px])
        pixels = self._open(size_px)
        assert pixels is not None
        return pixels

    def _decode(self, sizes_px: Sequence[int]) -> None:
        readable: list[FileFacts] = []
        unreadable: list[Unreadable] = []
        with ExitStack() as stack:
            # PIL warns of broken metadata and of large images, file by file; what matters of that is refused anyway.
            stack.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")
            rows = [stack.enter_context(_array_on_disk(self._pixels_file(size), size)) for size in sizes_px]
            for image, outcome in self._outcomes(sizes_px):
                if isinstance(outcome, str):
                    unreadable.append(Unreadable(image, outcome))
                    continue
                facts = (outcome.width_px, outcome.height_px, outcome.mode, outcome.sha256)
                readable.append(FileFacts(image, *facts))
                for append, size in zip(rows, sizes_px, strict=True):
                    append(outcome.squares[size])
            index = Index(tuple(readable), tuple(unreadable))
            if self._index is not None and _contents(index) != _contents(self._index):
                raise GanbalError(f"Files in {self._source.root} changed while they were being read. Start again.")
            write_json(self._index_file, asdict(index))
        self._index = index

    def _outcomes(self, sizes_px: Sequence[int]) -> Iterator[tuple[str, DecodedImage | str]]:
        """Every file in order, decoded, or why it cannot be."""
        images, root = self._source.images, self._source.root
        names = [image.file_name for image in images]
        # Threads, since reading, hashing, decoding and resizing all let go of Python's lock.
        executor = ThreadPoolExecutor(max_workers=_worker_count())
        try:
            with self._console.progress(len(names), "decoding", "image") as bar:
                # Block by block, so that decoded images never pile up in memory before a slow disk.
                for block in _pieces(names, _FILES_PER_BLOCK):
                    tasks = _pieces(block, _FILES_PER_TASK)
                    for done in executor.map(partial(_decode_some, root, sizes_px=sizes_px), tasks):
                        yield from done
                        bar.update(len(done))
        finally:
            # An interrupt is not to wait for thousands of files.
            executor.shutdown(wait=True, cancel_futures=True)

    def _open(self, size_px: int) -> np.ndarray | None:
        assert self._index is not None
        try:
            pixels = np.load(self._pixels_file(size_px), mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        wanted = (len(self._index.readable), size_px, size_px)
        return pixels if pixels.shape == wanted and pixels.dtype == np.uint8 else None

    def _read_index(self) -> Index | None:
        try:
            content = read_json(self._index_file)
            return Index(
                tuple(FileFacts(**entry) for entry in content["readable"]),
                tuple(Unreadable(**entry) for entry in content["unreadable"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @property
    def _index_file(self) -> Path:
        return self._folder / "index.json"

    def _pixels_file(self, size_px: int) -> Path:
        return self._folder / f"pixels_{size_px}.npy"

    def _delete_abandoned(self) -> None:
        """Earlier states of this source, and what a killed process left."""
        family = self._folder.name.partition("-")[0]
        for folder in self._folder.parent.glob(f"{family}-*"):
            if folder != self._folder:
                shutil.rmtree(folder, ignore_errors=True)
        for leftover in self._folder.glob(".*"):
            with suppress(FileNotFoundError):  # another process has just finished it
                if time.time() - leftover.stat().st_mtime > _ABANDONED_AFTER_S:
                    leftover.unlink()


@contextmanager
def _array_on_disk(target: Path, size_px: int) -> Iterator[Callable[[np.ndarray], None]]:
    """Yield a function that appends one uint8 (size_px, size_px) image to a .npy file, which appears at the end.

    Written front to back, not mapped: a full disk is then an OSError and not a dead process.
    """
    with atomic_path(target) as temporary, temporary.open("wb") as file:
        count, start = 0, _write_header(file, 0, size_px)

        def append(image: np.ndarray) -> None:
            nonlocal count
            assert image.shape == (size_px, size_px) and image.dtype == np.uint8
            file.write(image.tobytes())
            count += 1

        yield append
        file.seek(0)
        # numpy pads headers so that the number of rows can grow in place.
        assert _write_header(file, count, size_px) == start


def _write_header(file: BinaryIO, count: int, size_px: int) -> int:
    header = {"descr": "|u1", "fortran_order": False, "shape": (count, size_px, size_px)}
    np.lib.format.write_array_header_1_0(file, header)
    return file.tell()


def _decode_some(root: Path, names: Sequence[str], *, sizes_px: Sequence[int]) -> list[tuple[str, DecodedImage | str]]:
    outcomes: list[tuple[str, DecodedImage | str]] = []
    for name in names:
        try:
            outcomes.append((name, decode_file(root / name, sizes_px)))
        except UnreadableImageError as error:
            outcomes.append((name, str(error)))
    return outcomes


def _contents(index: Index) -> tuple[tuple[FileFacts, ...], list[str]]:
    # Reasons are left out: PIL's may contain memory addresses.
    return index.readable, [entry.file_name for entry in index.unreadable]


def _pieces(names: Sequence[str], length: int) -> list[Sequence[str]]:
    return [names[start : start + length] for start in range(0, len(names), length)]


def _signature(source: Source) -> str:
    states: list[Any] = [_DECODER_VERSION, PIL.__version__]
    for image in source.images:
        try:
            status = (source.root / image.file_name).stat()
            states.append([image.file_name, status.st_size, status.st_mtime_ns, status.st_mode])
        except OSError:
            states.append([image.file_name, None])
    return hashlib.sha256(json.dumps(states).encode()).hexdigest()


def _worker_count() -> int:
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(16, available))
