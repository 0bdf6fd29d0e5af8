"""Data sets that a table lists: a CSV file, or the metadata of a Hugging Face `imagefolder`."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ganbal.config import DataConfig
from ganbal.data.classes import class_name_problem, one_versus_rest
from ganbal.data.data_warnings import DataWarning
from ganbal.data.folder_names import split_of
from ganbal.data.image_formats import IMAGE_SUFFIXES, printable
from ganbal.data.layouts.file_lookup import FileLookup
from ganbal.data.layouts.table_columns import Columns, choose_columns, count_recognized, option_of, split_mistakes
from ganbal.data.layouts.table_labels import SEPARATOR, LabelColumns, choose_label_columns, labels_of
from ganbal.data.layouts.table_text import Row, TextTable, read_text_table
from ganbal.data.source import FoundImage, Layout, Source
from ganbal.errors import InputError
from ganbal.runtime.number_text import some_of

_MOST_MISTAKES_SHOWN = 8


class ListedIn(NamedTuple):
    """One table of a data set; `split` is that of all its images, None where a column says it."""

    file: Path
    split: str | None = None


@dataclass
class _Listed:
    """What the tables say of one file so far."""

    line: str
    labels: list[str]
    split: str | None
    patient: str | None


@dataclass
class _Reading:
    """The files that tables name, and what is wrong with the tables."""

    root: Path
    config: DataConfig
    files: dict[str, _Listed] = field(default_factory=dict)
    mistakes: list[str] = field(default_factory=list)
    repeated: int = 0
    uncertain: int = 0


def read_tables(
    given: Path, root: Path, tables: Sequence[ListedIn], config: DataConfig, *, layout: Layout = "csv"
) -> Source:
    """List the images that tables name.

    Columns are those of the settings, else recognized by their usual names (`table_columns.USUAL_COLUMNS`); others are
    ignored, unless they look like a mistyped one or, where no column says the split, hold splits. Paths are relative to
    the folder of the table (or to `data.image_root`), or absolute, with slashes or backslashes; names and ids without a
    suffix are looked up in the folders below. Several lines of one file may say the same of it, or give it several
    labels where `data.one_versus_rest` chooses one. Missing files count as unreadable later on, unless they are more
    than `data.max_unreadable_fraction` of all.

    Args:
        given: what the user named, for messages.
        root: folder that file names in the result start from.
        tables: regular files.

    Raises:
        InputError: a table cannot be read or has mistakes; the message lists the first few, by line.
    """
    reading = _Reading(root, config)
    for table in tables:
        _read_table(table, reading, names_file=len(tables) > 1)
    if not reading.mistakes and not reading.files:
        reading.mistakes.append("there are no lines below the header")
    images = _images(reading) if not reading.mistakes else []
    missing = [image.file_name for image in images if not (root / image.file_name).exists()]
    if len(missing) > config.max_unreadable_fraction * len(images):
        place = printable(config.image_root or tables[0].file.parent)
        number = (
            f"none of the {len(images)} files exists"
            if len(missing) == len(images)
            else (f"{len(missing)} of {len(images)} files do not exist")
        )
        reading.mistakes.append(f"{number}, e.g. {missing[0]} ({_how_paths_are_read(missing[0], place)})")
    if reading.mistakes:
        more = len(reading.mistakes) - _MOST_MISTAKES_SHOWN
        shown = reading.mistakes[:_MOST_MISTAKES_SHOWN] + ([f"and {more} more"] if more > 0 else [])
        raise InputError(
            found=f"The table {printable(given)} cannot be used:\n  " + "\n  ".join(shown),
            expected="It needs the columns path,label[,split,patient], or such as --path-column and --label-column "
            "name, and a path that leads to an image in every line.",
            action="Correct the CSV file, or the options.",
        )
    return Source(given, root, layout, tuple(images), tuple(_warnings(reading)))


def _how_paths_are_read(missing: str, place: str) -> str:
    if missing.startswith("/") or re.match("[A-Za-z]:", missing):
        return "this path is absolute; give paths relative to a folder, and name it with --root"
    return f"paths are relative to {place}, or absolute; --root names another folder"


def _read_table(listed: ListedIn, reading: _Reading, *, names_file: bool) -> None:
    config = reading.config
    table = read_text_table(listed.file, partial(count_recognized, config=config))
    columns = choose_columns(table.header, config)
    mistakes = list(columns.mistakes)
    if columns.path is None and config.path_column is None:
        names = ", ".join(table.header) or "nothing"
        mistakes.append(f"line 1: no column `path` among: {names}; name it with {option_of('path')}")
    label = LabelColumns(None)
    if config.label_column is None or columns.label is not None:
        taken = (columns.path, columns.split, columns.patient)
        label = choose_label_columns(table, columns.label, config.one_versus_rest, taken, mistakes)
    if columns.split is None and listed.split is None and not config.resplit:
        mistakes += split_mistakes(table, (columns.path, columns.patient, *label))
    prefix = f"{printable(listed.file.relative_to(reading.root))}, " if names_file else ""
    reading.mistakes += [f"{prefix}{mistake}" for mistake in mistakes]
    if not mistakes:
        base = config.image_root or listed.file.parent
        reader = _RowReader(table, columns, label, FileLookup(base, reading.root), listed.split, reading)
        for row in table.rows:
            reading.mistakes += [f"{prefix}line {row.line}: {mistake}" for mistake in reader.read(row, prefix)]


@dataclass(frozen=True)
class _RowReader:
    """Adds the lines of one table to what is known of the files."""

    table: TextTable
    columns: Columns
    label: LabelColumns
    lookup: FileLookup
    split: str | None
    reading: _Reading

    def read(self, row: Row, prefix: str) -> Iterator[str]:
        """What is wrong with a line; a line without mistakes is added."""
        used = [self.columns.path, self.columns.split, self.columns.patient, *self.label]
        needed = max(index for index in used if index is not None) + 1
        if len(row.cells) < needed:
            yield f"{len(row.cells)} values for {needed} columns or more"
            return
        if any(row.cells[len(self.table.header) :]):
            yield (
                f"{len(row.cells)} values for {len(self.table.header)} columns; values that hold the separator need "
                "quotes"
            )
            return
        try:
            labels = labels_of(row.cells, self.label, self.reading.config.one_versus_rest)
        except ValueError as error:
            yield str(error)
            return
        if labels is None:
            self.reading.uncertain += 1
            return
        mistakes = [*self._mistakes_of_labels(labels), *self._mistakes_of_split(row)]
        files = self._files(row, mistakes)
        if mistakes:
            yield from mistakes
            return
        split = self.split if self.columns.split is None else split_of(row.cells[self.columns.split])
        patient = row.cells[self.columns.patient] or None if self.columns.patient is not None else None
        yield from self._add(files[0], _Listed(f"{prefix}line {row.line}", labels, split, patient), row)

    def _files(self, row: Row, mistakes: list[str]) -> list[str]:
        assert self.columns.path is not None
        text = row.cells[self.columns.path]
        if not text:
            mistakes.append("no path")
            return []
        files = self.lookup.find(text)
        if not files:
            read_as = " (backslashes are read as slashes)" if "\\" in text else ""
            mistakes.append(
                f"{text}{read_as} does not end in {', '.join(IMAGE_SUFFIXES)}, and no image has this name without "
                "its suffix"
            )
        elif len(files) > 1:
            mistakes.append(f"{text} may be any of {some_of(files)}")
        return files

    def _mistakes_of_labels(self, labels: Sequence[str]) -> Iterator[str]:
        if self.reading.config.one_versus_rest is not None:
            return
        if not labels:
            yield "no label"
        elif len(labels) > 1:
            yield (
                f"label {SEPARATOR.join(labels)!r} names several classes; give every image one, or choose one against "
                f"the rest, e.g. --set 'data.one_versus_rest={labels[0]}'"
            )
        elif problem := class_name_problem(labels[0]):
            yield f"label {labels[0]!r} {problem}"

    def _mistakes_of_split(self, row: Row) -> Iterator[str]:
        if self.columns.split is not None and split_of(row.cells[self.columns.split]) is None:
            yield f"split {row.cells[self.columns.split]!r} is none of train, val, test"

    def _add(self, file: str, listed: _Listed, row: Row) -> Iterator[str]:
        before = self.reading.files.setdefault(file, listed)
        if before is listed:
            return
        name = row.cells[self.columns.path or 0]
        if (before.split, before.patient) != (listed.split, listed.patient):
            yield f"{name} is in {before.line} already, with another split or patient"
        elif self.reading.config.one_versus_rest is not None:
            before.labels += listed.labels
        elif before.labels != listed.labels:
            yield (
                f"{name} is {listed.labels[0]}, but {before.labels[0]} in {before.line}; give every image one label, "
                f"or choose one against the rest, e.g. --set 'data.one_versus_rest={listed.labels[0]}'"
            )
        self.reading.repeated += 1


def _images(reading: _Reading) -> list[FoundImage]:
    wanted = reading.config.one_versus_rest
    labels = [listed.labels for listed in reading.files.values()]
    classes = [names[0] for names in labels] if wanted is None else one_versus_rest(labels, wanted)
    images = [
        FoundImage(file, name, listed.split, listed.patient)
        for (file, listed), name in zip(reading.files.items(), classes, strict=True)
    ]
    return sorted(images, key=lambda image: image.file_name)


def _warnings(reading: _Reading) -> Iterator[DataWarning]:
    if reading.repeated:
        yield DataWarning("repeated-lines", {"count": reading.repeated})
    if reading.uncertain:
        values = {"count": reading.uncertain, "label": reading.config.one_versus_rest}
        yield DataWarning("uncertain-labels", values)
