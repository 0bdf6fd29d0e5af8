"""Decoded images kept on disk and verified, so that every file is decoded once per size."""

import hashlib
import json
import shutil
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
import PIL

from ganbal.config.data import Fit, NumChannels
from ganbal.data.colors import channels_for
from ganbal.data.decoding import Conversion, DecodedImage, IntensityRange
from ganbal.data.image_reading import (
    decode_all,
    file_states,
    find_colored,
    find_intensity_range,
    hash_files,
)
from ganbal.data.pixel_index import Index, ReadableFile, UnreadableFile
from ganbal.data.source import Source
from ganbal.data.squares import square_shape
from ganbal.errors import GanbalError
from ganbal.runtime.atomic_files import atomic_path, read_json, write_json
from ganbal.runtime.console import Console
from ganbal.runtime.locks import LOCK_NAME, folder_lock

# Increased whenever decoding gives other pixels, or the index has another format.
_VERSION = 5
# A file changed within this time before its state was noted may change again without a trace in its times.
_CLOCK_TICK_NS = 2_000_000_000
# Files that are looked at before decoding; if they mislead, the images are decoded once more.
_COLOR_SAMPLE = 32
IntensitySetting = Literal["auto"] | tuple[float, float]
ChannelSetting = Literal["auto"] | NumChannels


class _OtherChannelsError(Exception):
    """All images together ask for other channels than those in which they were just decoded."""

    def __init__(self, channels: NumChannels) -> None:
        self.channels = channels


class DecodedCache:
    """Decoded pixels of a source under `cache_root`.

    A folder per source holds a folder per list of file names, settings and decoder version. In it are `index.json` and,
    for every size asked for so far, `pixels_<S>.npy`, uint8 (N, S, S) or, for images in color, (N, S, S, 3). Everything
    is verified: a file whose size, times or inode differ from the index, or which had changed just before they were
    noted, is hashed again, and where its content has changed, everything is decoded again; pixels are compared with
    their checksum when they are opened. A lock keeps processes that decode the same source from doing it twice.
    """

    def __init__(
        self,
        source: Source,
        cache_root: Path,
        console: Console,
        *,
        intensity: IntensitySetting = "auto",
        channels: ChannelSetting = "auto",
        fit: Fit = "stretch",
    ) -> None:
        self._source, self._console = source, console
        self._intensity_setting, self._channels_setting, self._fit = intensity, channels, fit
        self._family = cache_root / "decoded" / hashlib.sha256(str(source.given.absolute()).encode()).hexdigest()[:12]
        names = [image.file_name for image in source.images]
        judged = self.judged_names if channels == "auto" else None
        key = json.dumps([_VERSION, PIL.__version__, intensity, channels, judged, fit, names])
        self._folder = self._family / hashlib.sha256(key.encode()).hexdigest()[:20]
        self._index: Index | None = None
        self._pixels: dict[int, np.ndarray] = {}

    @property
    def index(self) -> Index:
        """What is known of every file; `prepare` comes first."""
        assert self._index is not None
        return self._index

    def prepare(self, sizes_px: Sequence[int]) -> None:
        """Open the pixels of these sizes; decode, in one pass, those that are not in the cache or do not verify.

        Raises:
            GanbalError: files changed meanwhile, or the cache cannot be written.
        """
        if self._missing(sizes_px) or self._index is None:
            try:
                with folder_lock(self._family, "decoding images", on_wait=self._console.say):
                    self._index = None  # another process may have decoded them meanwhile
                    missing = self._missing(sizes_px)
                    if missing or self._index is None:
                        self._decode(missing)
                        self._delete_abandoned()
            except OSError as error:
                reason = error.strerror or error
                raise GanbalError(f"Decoded images cannot be kept in {self._folder}: {reason}.") from error

    def pixels(self, size_px: int) -> np.ndarray:
        """uint8 (N, S, S) or (N, S, S, 3), read-only and mapped from disk; rows as in the index."""
        self.prepare([size_px])
        return self._pixels[size_px]

    def _missing(self, sizes_px: Sequence[int]) -> list[int]:
        """The sizes that have to be decoded; the others are open afterwards."""
        if self._index is None:
            self._index = self._verified_index()
        return [size for size in sorted(set(sizes_px)) if not self._open(size)]

    def _verified_index(self) -> Index | None:
        """The index on disk, if it is undamaged and every file still has the content that it had."""
        try:
            index = Index.from_json(read_json(self._index_file))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self._warn_of_damage(self._index_file)
            return None
        now, states = time.time_ns(), file_states(self._source)
        doubtful = [
            name
            for name, state in states.items()
            if state != index.states.get(name) or max(state[1:3]) > index.noted_ns - _CLOCK_TICK_NS
        ]
        if any(digest != index.hashes.get(name) for name, digest in hash_files(self._source.root, doubtful)):
            return None
        if doubtful:
            index = replace(index, states=states, noted_ns=now)
            with suppress(OSError):  # a cache that can be read only still serves
                write_json(self._index_file, index.to_json())
        return index

    @property
    def judged_names(self) -> list[str]:
        """The files whose colors decide on the channels: the set's own training images, or all where it has none."""
        images = self._source.images
        return [image.file_name for image in images if image.split == "train"] or [i.file_name for i in images]

    def _decode(self, sizes_px: Sequence[int]) -> None:
        if self._index is not None:
            self._decode_as(self._index.conversion, self._index.num_deep, sizes_px)
            return
        intensity, num_deep = self._intensity()
        expected = Conversion(intensity, self._expected_channels(), self._fit, self._with_window)
        try:
            self._decode_as(expected, num_deep, sizes_px)
        except _OtherChannelsError as error:
            self._decode_as(replace(expected, channels=error.channels), num_deep, sizes_px)

    def _decode_as(self, conversion: Conversion, num_deep: int, sizes_px: Sequence[int]) -> None:
        before = self._index
        now, states = time.time_ns(), file_states(self._source)
        readable: list[ReadableFile] = []
        unreadable: list[UnreadableFile] = []
        hashes: dict[str, str] = {}
        with ExitStack() as stack:
            shapes = [square_shape(size, conversion.channels) for size in sizes_px]
            arrays = [
                stack.enter_context(_array_on_disk(self._pixels_file(size), shape))
                for size, shape in zip(sizes_px, shapes, strict=True)
            ]
            for name, digest, outcome in decode_all(self._source, sizes_px, conversion, self._console):
                hashes[name] = digest
                if not isinstance(outcome, DecodedImage):
                    unreadable.append(UnreadableFile(name, outcome))
                    continue
                readable.append(
                    ReadableFile(
                        name,
                        outcome.width_px,
                        outcome.height_px,
                        outcome.mode,
                        outcome.is_colored,
                        digest,
                        outcome.patient,
                        outcome.is_named_by_tags,
                        outcome.has_several_pages,
                    )
                )
                for array, size in zip(arrays, sizes_px, strict=True):
                    array.append(outcome.squares[size])
            if before is not None and hashes != before.hashes:
                raise GanbalError(f"Files in {self._source.root} changed while they were being read. Start again.")
            if before is None and (channels := self._channels_of(readable)) != conversion.channels:
                raise _OtherChannelsError(channels)
            checksums = dict(before.checksums) if before else {}
            checksums |= {size: array.checksum for size, array in zip(sizes_px, arrays, strict=True)}
            self._index = Index(
                tuple(readable), tuple(unreadable), hashes, states, now, conversion, num_deep, checksums
            )
            # Before the arrays get their names: a checksum without its file is harmless, a file without is not found.
            write_json(self._index_file, self._index.to_json())
        for size in sizes_px:
            self._pixels[size] = np.load(self._pixels_file(size), mmap_mode="r", allow_pickle=False)

    def _intensity(self) -> tuple[IntensityRange | None, int]:
        """The range of deep images, and their number."""
        paths = [self._source.root / image.file_name for image in self._source.images]
        found, num_deep = find_intensity_range(paths, with_window=self._with_window)
        if self._intensity_setting == "auto" or found is None:
            return found, num_deep
        return IntensityRange(*self._intensity_setting), num_deep

    @property
    def _with_window(self) -> bool:
        """A range that the user sets takes the place of the windows in DICOM files."""
        return self._intensity_setting == "auto"

    def _expected_channels(self) -> NumChannels:
        """The channels by the setting, or by a few files, spread evenly: decoding twice costs more."""
        if self._channels_setting != "auto":
            return self._channels_setting
        names = self.judged_names
        chosen = np.unique(np.linspace(0, len(names) - 1, _COLOR_SAMPLE).astype(int))
        return channels_for(find_colored([self._source.root / names[i] for i in chosen]))

    def _channels_of(self, readable: Sequence[ReadableFile]) -> NumChannels:
        """The channels by the setting, or by all images that are to be judged."""
        if self._channels_setting != "auto":
            return self._channels_setting
        judged = set(self.judged_names)
        return channels_for([file.is_colored for file in readable if file.file_name in judged])

    def _open(self, size_px: int) -> bool:
        """Whether the pixels of this size are in the cache and undamaged; keeps them open."""
        if size_px in self._pixels:
            return True
        if self._index is None or size_px not in self._index.checksums:
            return False
        try:
            pixels = np.load(self._pixels_file(size_px), mmap_mode="r", allow_pickle=False)
        except FileNotFoundError:
            return False
        except (OSError, ValueError, EOFError):
            pixels = np.empty(0)
        wanted = (len(self._index.readable), *square_shape(size_px, self._index.conversion.channels))
        if pixels.shape != wanted or pixels.dtype != np.uint8 or _checksum(pixels) != self._index.checksums[size_px]:
            self._warn_of_damage(self._pixels_file(size_px))
            return False
        self._pixels[size_px] = pixels
        return True

    def _warn_of_damage(self, file: Path) -> None:
        text = f"{file} is damaged; the images are decoded again."
        if text not in self._console.warnings:
            self._console.warn(text)

    @property
    def _index_file(self) -> Path:
        return self._folder / "index.json"

    def _pixels_file(self, size_px: int) -> Path:
        return self._folder / f"pixels_{size_px}.npy"

    def _delete_abandoned(self) -> None:
        """Delete other states of this source, and what a killed process left."""
        for place in self._family.iterdir():
            if place != self._folder and place.name != LOCK_NAME:
                shutil.rmtree(place, ignore_errors=True)
        # The lock is held: no other process is writing here.
        for leftover in self._folder.glob(".*"):
            leftover.unlink(missing_ok=True)


@dataclass
class _GrowingArray:
    """A .npy file of squares that is written from front to back."""

    file: BinaryIO
    square_shape: tuple[int, ...]
    count: int = 0
    checksum: int = 0
    """CRC-32 of the pixels so far."""

    def append(self, image: np.ndarray) -> None:
        assert image.shape == self.square_shape and image.dtype == np.uint8
        content = image.tobytes()
        self.file.write(content)
        self.checksum = zlib.crc32(content, self.checksum)
        self.count += 1

    def write_header(self) -> int:
        header = {"descr": "|u1", "fortran_order": False, "shape": (self.count, *self.square_shape)}
        np.lib.format.write_array_header_1_0(self.file, header)
        return self.file.tell()


@contextmanager
def _array_on_disk(target: Path, square_shape: tuple[int, ...]) -> Iterator[_GrowingArray]:
    """Yield an array to append to; its file appears at the end.

    Written, not mapped: a full disk is then an OSError, where a mapped file would kill the process.
    """
    with atomic_path(target) as temporary, temporary.open("wb") as file:
        array = _GrowingArray(file, square_shape)
        start = array.write_header()
        yield array
        file.seek(0)
        # numpy pads headers so that the number of rows can grow in place.
        assert array.write_header() == start


def _checksum(pixels: np.ndarray) -> int:
    return zlib.crc32(pixels.reshape(-1).data)
