"""Data sets listed in a CSV file: path,label[,split,patient]."""

import codecs
import csv
import difflib
import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ganbal.data.classes import class_name_problem
from ganbal.data.folder_names import split_of
from ganbal.data.image_formats import IMAGE_SUFFIXES, is_image_name, printable
from ganbal.data.source import FoundImage, Source
from ganbal.errors import InputError, reason_of

_REQUIRED = ("path", "label")
_OPTIONAL = ("split", "patient")
_PATIENT_COLUMNS = ("patient", "patient_id", "patientid", "patient id", "subject", "subject_id", "subjectid")
_SEPARATORS = (",", ";", "\t", "|")
_MOST_MISTAKES_SHOWN = 8
_MAX_BYTES = 1_000_000_000


class _Row(NamedTuple):
    line: int
    cells: list[str]


def read_csv_file(file: Path, patient_column: str | None = None) -> Source:
    """List the images that a CSV file names.

    The separator is a comma, semicolon, tab or bar, whichever the header has; the encoding UTF-8, or UTF-16 with its
    byte-order mark. Paths are relative to the file's folder, or absolute, with slashes or backslashes. Unknown columns
    are ignored, unless they look like a mistyped known one. Every cell is text: labels such as `0`, `007`, `NA` and
    `no` stay as they are. Missing files count as unreadable later on, unless all are missing.

    Args:
        file: a regular file.
        patient_column: name of the column of patients; None looks for `patient`, `patient_id`, `subject` and the like.

    Raises:
        InputError: the file cannot be read or has mistakes; the message lists the first few, by line.
    """
    mistakes: list[str] = []
    header, rows = _read_rows(file)
    columns = _columns(header, patient_column, mistakes)
    images: list[FoundImage] = []
    if not mistakes:
        images = _read_images(file, rows, columns, mistakes)
    if not mistakes and not images:
        mistakes.append("there are no lines below the header")
    if not mistakes and not any((file.parent / image.file_name).exists() for image in images):
        mistakes.append(
            f"none of the {len(images)} files exists, e.g. {images[0].file_name} "
            f"(paths are relative to {printable(file.parent)}, or absolute)"
        )
    if mistakes:
        more = len(mistakes) - _MOST_MISTAKES_SHOWN
        shown = mistakes[:_MOST_MISTAKES_SHOWN] + ([f"and {more} more"] if more > 0 else [])
        raise InputError(
            found=f"The table {printable(file)} cannot be used:\n  " + "\n  ".join(shown),
            expected="It needs the columns path,label[,split,patient], and a path that leads to an image in every "
            "line.",
            action="Correct the CSV file.",
        )
    return Source(file, file.parent, "csv", tuple(sorted(images, key=lambda image: image.file_name)))


def _read_rows(file: Path) -> tuple[list[str], list[_Row]]:
    """The header and the other rows that are not empty."""
    try:
        if file.stat().st_size > _MAX_BYTES:
            raise OSError(f"larger than {_MAX_BYTES // 1_000_000} MB")
        text = _decode(file.read_bytes())
        if "\0" in text:
            raise ValueError(f"line {text[: text.index(chr(0))].count(chr(10)) + 1} has a NUL byte")
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text), strict=True)
        rows = [_Row(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(
            found=f"The table {printable(file)} cannot be read: {reason_of(error)}.",
            expected="It must be a CSV file in UTF-8 or UTF-16.",
            action="Save it as comma-separated UTF-8 text.",
        ) from error
    return (rows[0].cells, rows[1:]) if rows else ([], [])


def _decode(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16")
    return content.decode("utf-8-sig")


def _separator(text: str) -> str:
    """The separator by which the header falls into the most known columns."""
    header = next((line for line in text.splitlines() if line.strip()), "")
    known = {*_REQUIRED, *_OPTIONAL}

    def columns_recognized(separator: str) -> int:
        return sum(name.strip(' "').lower() in known for name in header.split(separator))

    return max(_SEPARATORS, key=columns_recognized)  # of equals the first: a comma


def _columns(header: Sequence[str], patient_column: str | None, mistakes: list[str]) -> dict[str, int]:
    """Index of each known column."""
    names = [name.strip().lower() for name in header]
    known = _REQUIRED + _OPTIONAL
    for name in _REQUIRED:
        if name not in names:
            mistakes.append(f"line 1: no column `{name}` among: {', '.join(header) or 'nothing'}")
    for name in names:
        near = difflib.get_close_matches(name, [column for column in known if column not in names], n=1, cutoff=0.7)
        is_other = name not in known and name not in _PATIENT_COLUMNS and name != (patient_column or "").strip().lower()
        if is_other and near:
            mistakes.append(f"line 1: column `{name}` is not known; did you mean `{near[0]}`?")
        if name in known and names.count(name) > 1:
            mistakes.append(f"line 1: more than one column `{name}`")
    columns = {name: names.index(name) for name in (*_REQUIRED, "split") if name in names}
    wanted = (patient_column.strip().lower(),) if patient_column is not None else _PATIENT_COLUMNS
    present = [names.index(name) for name in wanted if name in names]
    if present:
        columns["patient"] = present[0]
    elif patient_column is not None:
        mistakes.append(f"line 1: no column `{patient_column}` (data.patient_column) among: {', '.join(header)}")
    return columns


def _read_images(file: Path, rows: Sequence[_Row], columns: dict[str, int], mistakes: list[str]) -> list[FoundImage]:
    images: list[FoundImage] = []
    line_of: dict[str, int] = {}
    for line, cells in rows:
        values = {name: cells[index].strip() for name, index in columns.items() if index < len(cells)}
        wrong = [f"line {line}: {mistake}" for mistake in _mistakes_in(values, columns, cells)]
        if not wrong:
            path = _with_slashes(values["path"], file.parent)
            place = os.path.normpath(file.parent / path)
            if place in line_of:
                wrong = [f"line {line}: {values['path']} is in line {line_of[place]} already"]
            else:
                line_of[place] = line
                images.append(
                    FoundImage(
                        file_name=_file_name(place, path, file.parent),
                        class_name=values["label"],
                        split=split_of(values["split"]) if "split" in columns else None,
                        patient=values.get("patient") or None,
                    )
                )
        mistakes += wrong
    return images


def _mistakes_in(values: dict[str, str], columns: dict[str, int], cells: Sequence[str]) -> Iterator[str]:
    if len(values) < len(columns):
        yield f"{len(cells)} values for {max(columns.values()) + 1} columns or more"
        return
    for name in _REQUIRED:
        if not values[name]:
            yield f"no {name}"
    if values["path"] and not is_image_name(values["path"].replace("\\", "/").rpartition("/")[2]):
        read_as = " (backslashes are read as slashes)" if "\\" in values["path"] else ""
        yield f"{values['path']}{read_as} does not end in {', '.join(IMAGE_SUFFIXES)}"
    if problem := class_name_problem(values["label"]) if values["label"] else None:
        yield f"label {values['label']!r} {problem}"
    elif "|" in values["label"]:
        yield f"label {values['label']!r} names several classes; give every image one"
    if "split" in columns and split_of(values["split"]) is None:
        yield f"split {values['split']!r} is none of train, val, test"


def _with_slashes(path: str, folder: Path) -> str:
    """A path as Windows writes it, with slashes; where a file has backslashes in its name, that name."""
    return path if "\\" not in path or (folder / path).exists() else path.replace("\\", "/")


def _file_name(place: str, text: str, root: Path) -> str:
    """Relative to `root` where it can be, so that the same set on another machine has the same names."""
    if Path(place).is_relative_to(root) or not Path(text).is_absolute():
        return Path(os.path.relpath(place, root)).as_posix()
    return Path(place).as_posix()
