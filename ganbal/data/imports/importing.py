"""Writes the images of an import into the cache, once, and verifies them whenever they are used again."""

import csv
import importlib.metadata
import io
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from ganbal.data.image_reading import hash_files, in_threads
from ganbal.errors import GanbalError
from ganbal.runtime.atomic_files import read_json, scratch_folder, write_json, write_text
from ganbal.runtime.console import Console
from ganbal.runtime.disk_space import check_writable
from ganbal.runtime.hashing import digest_of
from ganbal.runtime.locks import folder_lock

TABLE = "images.csv"
"""Lists the images of an import whose format says more of each than folders can."""
# Increased whenever the same source would give other files.
_VERSION = 1
_RECORD = "import.json"
_FAST_COMPRESSION = 1


@dataclass(frozen=True)
class ImportPlan:
    """What will be imported.

    `kind` is the format, `name` the folder's, `origin` what the user named without folders; `identity` is all that the
    files depend on: a digest or revision of the source, and options. `cost` is a phrase for the announcement, and
    `needed_bytes` the space on disk. `write` writes the files into an empty folder, returns facts for the record, and
    raises InputError where the source cannot be used.
    """

    kind: str
    name: str
    origin: str
    identity: Mapping[str, Any]
    cost: str
    needed_bytes: int
    write: Callable[[Path, Console], Mapping[str, Any]]
    software: tuple[str, ...] = ()
    """Packages whose versions are recorded."""


@dataclass(frozen=True)
class Imported:
    """Files in the cache: `place` is their `folder`, or a table in it that lists them; `record` says where from."""

    folder: Path
    place: Path
    record: dict[str, Any]


class ListedImage(NamedTuple):
    """One image on its way into an import that has a table; `pixels` may be an encoded file."""

    file_name: str
    pixels: np.ndarray | bytes
    label: str
    split: str | None = None
    patient: str | None = None


def import_once(plan: ImportPlan, cache_root: Path, console: Console) -> Imported:
    """Import, unless the files are in the cache and undamaged.

    Raises:
        InputError: the source cannot be used, or there is too little space.
        GanbalError: the files cannot be written.
    """
    family = _family(plan, cache_root)
    folder = family / plan.name
    record = _verified_record(family, folder)
    if record is None:
        try:
            with folder_lock(family, f"importing {plan.origin}", on_wait=console.say):
                record = _verified_record(family, folder) or _import(plan, family, folder, console)
        except OSError as error:
            raise GanbalError(
                f"The images of {plan.origin} cannot be written to {folder}: {error.strerror or error}."
            ) from error
    return Imported(folder, folder / TABLE if record.get("has_table") else folder, record)


def was_imported(plan: ImportPlan, cache_root: Path) -> bool:
    """Whether the cache has the files, damaged or not."""
    return (_family(plan, cache_root) / _RECORD).is_file()


def _family(plan: ImportPlan, cache_root: Path) -> Path:
    return cache_root / "imports" / f"{plan.kind}-{digest_of(_VERSION, plan.identity)}"


def write_listed_images(folder: Path, images: Iterable[ListedImage], total: int, console: Console) -> Mapping[str, Any]:
    """Write images as PNG and the table that lists them; returns facts for the record.

    Pixels are uint8 (H, W) or (H, W, 3), uint16 (H, W), or float32 (H, W), which are written as TIFF: the caller's
    file names have the suffix that fits.
    """
    columns = ("path", "label", "split", "patient")
    rows: list[tuple[str, str, str | None, str | None]] = []
    made: set[Path] = set()
    with console.progress(total, "importing", "image") as bar:
        for block in _blocks(images):
            for image in block:
                parent = (folder / image.file_name).parent
                if parent not in made:
                    parent.mkdir(parents=True, exist_ok=True)
                    made.add(parent)
                rows.append((image.file_name, image.label, image.split, image.patient))
            for _ in in_threads(lambda image: _save(image.pixels, folder / image.file_name), block):
                bar.update()
    used = [index for index, name in enumerate(columns) if any(row[index] is not None for row in rows)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([columns[index] for index in used])
    writer.writerows([row[index] or "" for index in used] for row in rows)
    write_text(folder / TABLE, text.getvalue())
    return {"has_table": True, "images": len(rows)}


def _blocks(images: Iterable[ListedImage], size: int = 256) -> Iterator[list[ListedImage]]:
    block: list[ListedImage] = []
    for image in images:
        block.append(image)
        if len(block) == size:
            yield block
            block = []
    if block:
        yield block


def _save(pixels: np.ndarray | bytes, file: Path) -> None:
    if isinstance(pixels, bytes):
        file.write_bytes(pixels)
        return
    image = Image.fromarray(pixels)
    if file.suffix == ".png":
        image.save(file, compress_level=_FAST_COMPRESSION)
    else:
        image.save(file, compression="tiff_adobe_deflate")


def _import(plan: ImportPlan, family: Path, folder: Path, console: Console) -> dict[str, Any]:
    check_writable(
        family, plan.needed_bytes, "Name another folder for the cache with the environment variable GANBAL_CACHE."
    )
    console.say(f"Importing {plan.origin} ({plan.cost}) into {folder}.")
    shutil.rmtree(folder, ignore_errors=True)  # damaged
    with scratch_folder(family, "importing") as scratch:
        unfinished = scratch / plan.name
        unfinished.mkdir()
        facts = plan.write(unfinished, console)
        unfinished.rename(folder)
    names = sorted(_states(folder))
    digests = dict(hash_files(folder, names))
    record = {
        "kind": plan.kind,
        "origin": plan.origin,
        **plan.identity,
        **facts,
        "software": {package: _version(package) for package in plan.software},
    }
    files = {name: [*state, digests[name]] for name, state in _states(folder).items()}
    write_json(family / _RECORD, {"record": record, "files": files})
    return record


def _verified_record(family: Path, folder: Path) -> dict[str, Any] | None:
    """The record of a finished import whose files all have the content that was written; None: import again.

    A file with its recorded size and time of change counts as unchanged; any other is hashed.
    """
    try:
        content = read_json(family / _RECORD)
        record, files = dict(content["record"]), dict(content["files"])
        states = _states(folder)
        if states.keys() != files.keys():
            return None
        doubtful = [name for name, state in states.items() if list(state) != files[name][:2]]
        intact = all(digest == files[name][2] for name, digest in hash_files(folder, doubtful))
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError):
        return None
    return record if intact else None


def _states(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of change (ns) of every file below a folder, by its path in it."""
    states = {}
    for place, _, names in os.walk(folder):
        for name in names:
            file = Path(place, name)
            status = file.stat()
            states[file.relative_to(folder).as_posix()] = (status.st_size, status.st_mtime_ns)
    return states


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
