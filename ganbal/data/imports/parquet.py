"""Images in Parquet files (pyarrow, an optional package), as the Hugging Face Hub keeps most of its datasets."""

import hashlib
import importlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from ganbal.config import DataConfig
from ganbal.data.classes import class_name_problem, one_versus_rest
from ganbal.data.folder_names import split_of
from ganbal.data.image_formats import is_image_name, list_folder, printable
from ganbal.data.image_reading import hash_files
from ganbal.data.imports.importing import ImportPlan, ListedImage, write_listed_images
from ganbal.data.layouts.table_columns import Columns, choose_columns
from ganbal.errors import InputError, reason_of
from ganbal.runtime.console import Console
from ganbal.runtime.number_text import listing, plural, some_of
from ganbal.runtime.optional_packages import import_optional

_SHARD = re.compile(r"(?P<split>[A-Za-z_]+?)-\d+-of-\d+.*", re.IGNORECASE)
_SUFFIXES = ((b"\x89PNG", ".png"), (b"\xff\xd8\xff", ".jpg"), (b"II*\0", ".tif"), (b"MM\0*", ".tif"), (b"BM", ".bmp"))
_MOST_ROWS_AT_ONCE = 64


class _Table(NamedTuple):
    """One file, and which of its columns hold what."""

    file: Path
    split: str | None
    image: str
    label: str
    patient: str | None
    class_names: tuple[str, ...]
    rows: int


def plan_parquet(folder: Path, config: DataConfig) -> ImportPlan | None:
    """Plan to write the images in the Parquet files of a folder (or of `data/` in it); None where it has none.

    Raises:
        InputError: no column of images or labels, files that cannot be read, or pyarrow is not installed.
    """
    files = _parquet_files(folder)
    if not files:
        return None
    tables = [_open(file, config) for file in files]
    names = [file.relative_to(folder).as_posix() for file in files]
    digests = [digest for _, digest in hash_files(folder, names)]
    total = sum(table.rows for table in tables)
    options = {name: getattr(config, name) for name in ("label_column", "patient_column", "one_versus_rest")}
    return ImportPlan(
        kind="parquet",
        name=folder.name or "images",
        origin=printable(folder.name),
        identity={
            "sha256": hashlib.sha256(repr(list(zip(names, digests, strict=True))).encode()).hexdigest(),
            "options": {name: value for name, value in options.items() if value is not None},
        },
        cost=plural(total, "image"),
        needed_bytes=sum(file.stat().st_size for file in files),
        write=partial(_write, tables, config.one_versus_rest),
        software=("pyarrow",),
    )


def _parquet_files(folder: Path) -> list[Path]:
    """The Parquet files of a set that consists of nothing else; beside folders or images they are something else."""
    places = [place for place in (folder, folder / "data") if place.is_dir()]
    entries = [(place / entry.name, entry.is_folder) for place in places for entry in list_folder(place)]
    if any((is_folder and path != folder / "data") or is_image_name(path.name) for path, is_folder in entries):
        return []
    return [path for path, _ in entries if path.name.lower().endswith(".parquet")]


def _open(file: Path, config: DataConfig) -> _Table:
    parquet = import_optional("pyarrow.parquet", extra="hf", needed="Images in Parquet files are read with pyarrow.")
    try:
        content = parquet.ParquetFile(file)
        schema, rows = content.schema_arrow, content.metadata.num_rows
    except Exception as error:
        raise _unusable(file, reason_of(error)) from error
    images = [field.name for field in schema if _holds_images(field.type)]
    if len(images) != 1:
        raise _unusable(file, f"it has {len(images)} columns of images among {some_of(schema.names)}")
    others = [name for name in schema.names if name != images[0]]
    columns = choose_columns(others, config)
    _check_columns(file, columns, others)
    label = others[columns.label or 0]
    patient = others[columns.patient] if columns.patient is not None else None
    match = _SHARD.fullmatch(file.stem)
    split = split_of(match["split"] if match else file.stem)
    return _Table(file, split, images[0], label, patient, _class_names(schema.metadata, label), rows)


def _check_columns(file: Path, columns: Columns, names: Sequence[str]) -> None:
    mistakes = [mistake for mistake in columns.mistakes if "of the path" not in mistake]
    if columns.label is None and not mistakes:
        mistakes = [f"no column `label` among {listing(names) or 'nothing'}; name it with --label-column"]
    if mistakes:
        raise _unusable(file, "; ".join(mistake.removeprefix("line 1: ") for mistake in mistakes))


def _holds_images(kind: Any) -> bool:
    """Whether a column is one of encoded images: bytes, or a structure with `bytes` in it, as `datasets` writes."""
    types = importlib.import_module("pyarrow.types")
    if types.is_struct(kind):
        return any(kind.field(index).name == "bytes" for index in range(kind.num_fields))
    return bool(types.is_binary(kind) or types.is_large_binary(kind))


def _class_names(metadata: Mapping[bytes, bytes] | None, label: str) -> tuple[str, ...]:
    """The names of a `ClassLabel`, which `datasets` keeps beside the numbers."""
    try:
        features = json.loads((metadata or {})[b"huggingface"])["info"]["features"]
        return tuple(map(str, features[label]["names"]))
    except (KeyError, ValueError, TypeError):
        return ()


def _write(tables: Sequence[_Table], wanted: str | None, folder: Path, console: Console) -> Mapping[str, Any]:
    rows = [row for table in tables for row in _labels(table)]
    several = [labels for labels in rows if len(labels) != 1]
    if wanted is not None:
        classes = one_versus_rest(rows, wanted)
    elif several:
        raise _unusable(tables[0].file, f"images have no label or several, such as {listing(several[0]) or 'none'}")
    else:
        classes = [labels[0] for labels in rows]
    problems = [f"{name!r} {problem}" for name in sorted(set(classes)) if (problem := class_name_problem(name))]
    if problems:
        raise _unusable(tables[0].file, f"class names cannot be used: {some_of(problems)}")

    def images() -> Iterator[ListedImage]:
        names = iter(classes)
        for number, table in enumerate(tables):
            for row, (content, patient) in enumerate(_contents(table)):
                suffix = next((suffix for start, suffix in _SUFFIXES if content.startswith(start)), ".png")
                file_name = f"{table.split or 'image'}/{number:03d}-{row:06d}{suffix}"
                yield ListedImage(file_name, content, next(names), table.split, patient)

    return write_listed_images(folder, images(), len(classes), console)


def _labels(table: _Table) -> Iterator[list[str]]:
    for batch in _batches(table, [table.label]):
        for value in batch.column(0).to_pylist():
            values = value if isinstance(value, list) else [value]
            yield [_name(entry, table.class_names) for entry in values if entry is not None]


def _name(value: Any, class_names: Sequence[str]) -> str:
    is_index = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(class_names)
    return class_names[value] if is_index else str(value)


def _contents(table: _Table) -> Iterator[tuple[bytes, str | None]]:
    """The bytes of every image, and its patient."""
    columns = [table.image, *([table.patient] if table.patient else [])]
    for batch in _batches(table, columns):
        patients = batch.column(1).to_pylist() if table.patient else [None] * len(batch)
        for image, patient in zip(batch.column(0).to_pylist(), patients, strict=True):
            content = image["bytes"] if isinstance(image, dict) else image
            if not content:
                raise _unusable(table.file, "images are paths to other files, not bytes")
            yield content, None if patient is None else str(patient)


def _batches(table: _Table, columns: list[str]) -> Iterator[Any]:
    parquet = importlib.import_module("pyarrow.parquet")
    try:
        for batch in parquet.ParquetFile(table.file).iter_batches(_MOST_ROWS_AT_ONCE, columns=columns):
            yield batch.select(columns)
    except OSError as error:
        raise _unusable(table.file, reason_of(error)) from error


def _unusable(file: Path, found: str) -> InputError:
    return InputError(
        found=f"The Parquet file {printable(file)} cannot be used: {found}.",
        expected="It needs one column of encoded images and one of labels.",
        action="Name the columns, or save the images as files.",
    )
