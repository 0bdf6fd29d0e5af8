"""Arrays in a `.npz` file, as MedMNIST publishes its sets: `train_images`, `train_labels` and so on.

Nothing in the file is unpickled, and images are read one by one, so that no declared size allocates memory.
"""

import math
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from ganbal.config import DataConfig
from ganbal.data.classes import class_name_problem, one_versus_rest
from ganbal.data.image_formats import printable
from ganbal.data.image_limits import MAX_PIXELS
from ganbal.data.imports.archives import open_archive
from ganbal.data.imports.importing import ImportPlan, ListedImage, write_listed_images
from ganbal.data.imports.medmnist_labels import medmnist_classes
from ganbal.errors import InputError
from ganbal.runtime.console import Console
from ganbal.runtime.hashing import large_file_digest
from ganbal.runtime.number_text import listing, plural, some_of

Split = Literal["train", "val", "test"]

_KEYS: tuple[tuple[str, str, Split | None], ...] = (
    ("train_images", "train_labels", "train"),
    ("val_images", "val_labels", "val"),
    ("test_images", "test_labels", "test"),
    ("x_train", "y_train", "train"),
    ("x_val", "y_val", "val"),
    ("x_test", "y_test", "test"),
    ("images", "labels", None),
)
"""Pairs of arrays that belong together: images, labels, split."""
_EXPECTED = (
    "ganbal reads arrays as MedMNIST names them: train_images, train_labels, optionally val_… and test_…; images are "
    "uint8 or uint16 (N, H, W), or uint8 (N, H, W, 3) in RGB, labels integers (N,) or (N, 1)."
)
_ACTION = "Save the arrays in this form with numpy.savez_compressed, or save the images as files."
_MAX_LABEL_BYTES = 1_000_000_000
_MAX_CLASSES = 1000
_BYTES_PER_FILE = 5000


class _Array(NamedTuple):
    """What the header of one array says."""

    member: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    is_fortran: bool


class _Part(NamedTuple):
    images: _Array
    labels: np.ndarray
    split: Split | None


def plan_npz(file: Path, config: DataConfig, *, origin: str | None = None) -> ImportPlan:
    """Check the headers and labels of a file, and plan its import.

    Args:
        origin: the name to be recorded, where it is not the file's own.

    Raises:
        InputError: arrays are missing, unknown or of other shapes or types, labels that are no classes, a damaged file.
    """
    with open_archive(file, _EXPECTED, _ACTION) as archive:
        arrays = _headers(archive)
        parts = [_part(archive, arrays, *keys, place=file) for keys in _KEYS if keys[0] in arrays]
        if not parts:
            raise _unusable(file, f"it holds {some_of([printable(name) for name in sorted(arrays)]) or 'no arrays'}")
        _check_parts(arrays, file)
    labels = _joined([part.labels for part in parts], file)
    names = _label_names(labels, file)
    if labels.ndim == 2:
        classes = _of_several(labels, list(names.values()), file, config.one_versus_rest)
    else:
        classes = [names[label] for label in labels.tolist()]
    pixels = sum(math.prod(part.images.shape) * part.images.dtype.itemsize for part in parts)
    return ImportPlan(
        kind="npz",
        name=file.stem or "images",
        origin=origin or printable(file.name),
        identity={
            "sha256": large_file_digest(file),
            "options": {"one_versus_rest": config.one_versus_rest} if labels.ndim == 2 else {},
            "labels": {str(label): name for label, name in names.items()},
            "file": file.stem,
        },
        cost=plural(len(classes), "image"),
        needed_bytes=pixels + _BYTES_PER_FILE * len(classes),
        write=partial(_write, file, parts, classes),
        software=("numpy", "pillow"),
    )


def _write(
    file: Path, parts: Sequence[_Part], classes: Sequence[str], folder: Path, console: Console
) -> Mapping[str, Any]:
    def images() -> Iterator[ListedImage]:
        names = iter(classes)
        for part in parts:
            stem = part.split or "image"
            for number, pixels in enumerate(_rows(archive, part.images)):
                yield ListedImage(f"{stem}/{stem}-{number:06d}.png", pixels, next(names), part.split)

    with open_archive(file, _EXPECTED, _ACTION) as archive:
        return write_listed_images(folder, images(), len(classes), console)


def _headers(archive: zipfile.ZipFile) -> dict[str, _Array]:
    """Every array of the file, by its key."""
    found = {}
    for info in archive.infolist():
        with archive.open(info) as stream:
            key = info.filename.removesuffix(".npy")
            shape, is_fortran, dtype = _read_header(stream)
            found[key] = _Array(info.filename, shape, dtype, is_fortran)
            if not dtype.hasobject and stream.tell() + math.prod(shape) * dtype.itemsize != info.file_size:
                raise ValueError(f"{printable(key)} has another size than its header states")
    return found


def _read_header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    match np.lib.format.read_magic(stream):
        case (1, 0):
            return np.lib.format.read_array_header_1_0(stream)
        case (2, 0):
            return np.lib.format.read_array_header_2_0(stream)
        case version:
            raise ValueError(f"an array has version {version} of the format")


def _part(
    archive: zipfile.ZipFile,
    arrays: Mapping[str, _Array],
    images_key: str,
    labels_key: str,
    split: Split | None,
    *,
    place: Path,
) -> _Part:
    images, labels = arrays[images_key], arrays.get(labels_key)
    if labels is None:
        raise _unusable(place, f"{images_key} has no {labels_key} beside it")
    shape, dtype = images.shape, images.dtype
    is_gray = len(shape) == 3 or (len(shape) == 4 and shape[3] == 1)
    is_color = len(shape) == 4 and shape[3] == 3
    if not ((is_gray and dtype.kind == "u" and dtype.itemsize <= 2) or (is_color and dtype == np.uint8)):
        what = "volumes, such as those of MedMNIST3D, " if len(shape) == 4 and not is_gray else ""
        raise _unusable(place, f"{images_key} is {what}{_text(images)}")
    if min(shape) < 1 or math.prod(shape[1:]) > MAX_PIXELS:
        raise _unusable(place, f"{images_key} is {_text(images)}")
    if labels.dtype.kind not in "biuU" or not 1 <= len(labels.shape) <= 2:
        raise _unusable(place, f"{labels_key} is {_text(labels)}")
    if labels.shape[0] != shape[0]:
        raise _unusable(place, f"{images_key} has {shape[0]} images, but {labels_key} has {labels.shape[0]} labels")
    if math.prod(labels.shape) * labels.dtype.itemsize > _MAX_LABEL_BYTES:
        raise _unusable(place, f"{labels_key} is {_text(labels)}")
    with archive.open(labels.member) as stream:
        return _Part(images, np.lib.format.read_array(stream, allow_pickle=False), split)


def _check_parts(arrays: Mapping[str, _Array], file: Path) -> None:
    """Check that every array of images is used, once.

    Raises:
        InputError: parts with and without a split, two parts of one split, or images under other names.
    """
    used = {images: split for images, _, split in _KEYS if images in arrays}
    if None in used.values() and len(used) > 1:
        raise _unusable(file, f"it holds images with a split and without: {listing(list(used))}")
    for split in used.values():
        same = [images for images, other in used.items() if other == split]
        if len(same) > 1:
            raise _unusable(file, f"{listing(same)} would both be its {split} part")
    names = {name for images, labels, _ in _KEYS for name in (images, labels)}
    unused = [name for name, array in sorted(arrays.items()) if name not in names and len(array.shape) >= 3]
    if unused:
        raise _unusable(file, f"{some_of([printable(name) for name in unused])} would be left out")


def _rows(archive: zipfile.ZipFile, array: _Array) -> Iterator[np.ndarray]:
    """The images of an array, one after another: (H, W) or (H, W, 3)."""
    shape = array.shape[1:3] if array.shape[3:] == (1,) else array.shape[1:]
    native: npt.DTypeLike = np.uint8 if array.dtype.itemsize == 1 else np.uint16
    with archive.open(array.member) as stream:
        if array.is_fortran:  # images are not contiguous in it
            for row in np.lib.format.read_array(stream, allow_pickle=False):
                yield np.ascontiguousarray(row.reshape(shape), native)
            return
        _read_header(stream)
        size = math.prod(shape) * array.dtype.itemsize
        for _ in range(array.shape[0]):
            yield np.frombuffer(stream.read(size), array.dtype).reshape(shape).astype(native)


def _joined(labels: Sequence[np.ndarray], file: Path) -> np.ndarray:
    """The labels of all parts: (N,), or (N, K) with several per image."""
    flat = [part.reshape(len(part), -1) for part in labels]
    if len({(part.shape[1], part.dtype.kind == "U") for part in flat}) > 1:
        raise _unusable(file, "its parts have labels of different forms")
    joined = np.concatenate(flat)
    return joined[:, 0] if joined.shape[1] == 1 else joined


def _label_names(labels: np.ndarray, file: Path) -> dict[int | str, str]:
    """The name of every label; with several labels per image, of every column."""
    is_several = labels.ndim == 2
    distinct = list(range(labels.shape[1])) if is_several else sorted(set(labels.tolist()))
    if len(distinct) > _MAX_CLASSES:
        raise _unusable(file, f"its labels have {len(distinct)} different values, too many for classes")
    known = medmnist_classes(file.stem)
    if labels.dtype.kind != "U" and known is not None and distinct[0] >= 0 and distinct[-1] < len(known):
        return {label: known[label] for label in distinct}
    names = {label: label if isinstance(label, str) else f"class-{int(label)}" for label in distinct}
    problems = [f"{name!r} {problem}" for name in names.values() if (problem := class_name_problem(name))]
    if problems:
        raise _unusable(file, f"class names cannot be used: {some_of(problems)}")
    return names


def _of_several(labels: np.ndarray, names: Sequence[str], file: Path, wanted: str | None) -> list[str]:
    """One class against the rest, of labels (N, K) that are 0 or 1."""
    if labels.dtype.kind not in "biu" or not set(np.unique(labels).tolist()) <= {0, 1}:
        raise _unusable(file, "its labels (N, K) have other values than 0 and 1")
    if wanted is None or wanted not in names:
        raise InputError(
            found=f"Every image in {printable(file.name)} has {len(names)} labels: {', '.join(names)}."
            if wanted is None
            else f"data.one_versus_rest is {wanted!r}, but the labels are {', '.join(names)}.",
            expected="ganbal needs one class per image.",
            action=f"Choose one label against the rest, e.g. --set 'data.one_versus_rest={names[0]}'.",
        )
    return one_versus_rest([{wanted} if value else set() for value in labels[:, names.index(wanted)]], wanted)


def _text(array: _Array) -> str:
    dtype = "objects" if array.dtype.hasobject else str(array.dtype)
    return f"{dtype[:40]} ({', '.join(map(str, array.shape))})"


def _unusable(file: Path, found: str) -> InputError:
    return InputError(
        found=f"The arrays in {printable(file)} cannot be used: {found}.", expected=_EXPECTED, action=_ACTION
    )
