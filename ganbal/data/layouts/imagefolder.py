"""A Hugging Face `imagefolder`: images with `metadata.csv` or `metadata.jsonl` beside them, per split or for all."""

from collections.abc import Mapping
from pathlib import Path

from ganbal.config import DataConfig
from ganbal.data.folder_names import split_of
from ganbal.data.image_formats import list_folder
from ganbal.data.layouts.table_columns import choose_columns, count_recognized
from ganbal.data.layouts.table_text import read_text_table
from ganbal.data.layouts.tables import ListedIn, read_tables
from ganbal.data.source import Source
from ganbal.errors import InputError
from ganbal.runtime.number_text import listing

_METADATA = ("metadata.csv", "metadata.jsonl")
_FILE_NAME = "file_name"
"""The column that an `imagefolder` must have; other tables of this name describe something else."""


def read_imagefolder(given: Path, config: DataConfig) -> Source | None:
    """List the images of an `imagefolder` whose metadata has labels.

    Returns:
        None where there is no metadata, or none with a column of labels: the folders' names are the classes then.

    Raises:
        InputError: the metadata has mistakes, or only some splits have it.
    """
    names = [entry.name for entry in list_folder(given) if entry.is_folder]
    places = {given: None} | {given / name: split for name in names if (split := split_of(name)) is not None}
    # `data/train/…`: the usual place in a repository of the hub.
    if (given / "data").is_dir() and not _tables_in(places):
        return read_imagefolder(given / "data", config)
    tables = [ListedIn(file, places[file.parent]) for file in _tables_in(places)]
    if not any(_has_labels(table.file, config) for table in tables):
        return None
    in_splits = [table for table in tables if table.split is not None]
    without = [folder.name for folder, split in places.items() if split and folder not in _parents(in_splits)]
    if in_splits and (without or len(in_splits) < len(tables)):
        raise InputError(
            found=f"Some splits in {given} have metadata with labels and {listing(without) or 'the folder itself'} "
            f"{'has none' if without else 'too'}.",
            expected="Either every split has its metadata, or one file lists all images.",
            action="Add or remove metadata files, or list the images in a CSV file and give that to --data.",
        )
    return read_tables(given, given, tables, config, layout="imagefolder")


def _tables_in(places: Mapping[Path, str | None]) -> list[Path]:
    return [folder / name for folder in places for name in _METADATA if (folder / name).is_file()]


def _parents(tables: list[ListedIn]) -> set[Path]:
    return {table.file.parent for table in tables}


def _has_labels(file: Path, config: DataConfig) -> bool:
    table = read_text_table(file, lambda header: count_recognized(header, config))
    if _FILE_NAME not in table.header:
        return False
    columns = choose_columns(table.header, config)
    return columns.label is not None or config.one_versus_rest in table.header or bool(columns.mistakes)
