"""Data sets listed in a CSV file: path,label[,split,patient]."""

import csv
import difflib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from ganbal.data.found import IMAGE_ENDINGS, SPLIT_CALLED, FoundImage, Source, is_image_name
from ganbal.errors import InputError

_REQUIRED = ("path", "label")
_OPTIONAL = ("split", "patient")
_MOST_TOLD = 8


def read_csv_layout(file: Path) -> Source:
    """List the images that a CSV file names.

    Paths are relative to the file's folder, or absolute. Columns it does not know are passed over, unless they look
    like a mistyped name of one that it does. A file that is named but missing counts as unreadable later on, not as
    a mistake here, unless all are.

    Raises:
        InputError: the file cannot be read or has mistakes; the message tells the first few, by line.
    """
    mistakes: list[str] = []
    header, rows = _read_rows(file)
    columns = _columns(header, mistakes)
    images: list[FoundImage] = []
    if not mistakes:
        images = _read_images(file, rows, columns, mistakes)
    if not mistakes and not images:
        mistakes.append("no lines below the header")
    if not mistakes and not any((file.parent / image.file_name).exists() for image in images):
        mistakes.append(
            f"none of the {len(images)} files exists, e.g. {images[0].file_name} "
            f"(paths are relative to {file.parent}, or absolute)"
        )
    if mistakes:
        more = len(mistakes) - _MOST_TOLD
        told = mistakes[:_MOST_TOLD] + ([f"and {more} more"] if more > 0 else [])
        raise InputError(
            expected=f"columns path,label[,split,patient] that name image files in {file}",
            found="; ".join(told),
            action="Correct the CSV file.",
        )
    return Source(file, file.parent, "csv", tuple(sorted(images, key=lambda image: image.file_name)))


def _read_rows(file: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The header and the other lines that are not empty, each with its line number."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            reader = csv.reader(text, strict=True)
            lines = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            expected=f"a CSV file in UTF-8 at {file}",
            found=" ".join(str(error).split()),
            action="Save it as comma-separated UTF-8 text.",
        ) from error
    return (lines[0][1], lines[1:]) if lines else ([], [])


def _columns(header: Sequence[str], mistakes: list[str]) -> dict[str, int]:
    """Where each known column is."""
    names = [name.strip().lower() for name in header]
    known = _REQUIRED + _OPTIONAL
    for name in _REQUIRED:
        if name not in names:
            semicolons = any(";" in cell for cell in header)
            hint = "; the separator must be a comma" if semicolons else ""
            mistakes.append(f"line 1: no column `{name}` among: {', '.join(header) or 'nothing'}{hint}")
    for name in names:
        near = difflib.get_close_matches(name, [column for column in known if column not in names], n=1, cutoff=0.7)
        if name not in known and near:
            mistakes.append(f"line 1: column `{name}` is not known; did you mean `{near[0]}`?")
        if name in known and names.count(name) > 1:
            mistakes.append(f"line 1: more than one column `{name}`")
    return {name: names.index(name) for name in known if name in names}


def _read_images(
    file: Path, rows: Sequence[tuple[int, list[str]]], columns: dict[str, int], mistakes: list[str]
) -> list[FoundImage]:
    images: list[FoundImage] = []
    line_of: dict[str, int] = {}
    for line, cells in rows:
        values = {name: cells[index].strip() for name, index in columns.items() if index < len(cells)}
        wrong = [f"line {line}: {mistake}" for mistake in _mistakes_in(values, columns, cells)]
        if not wrong:
            place = os.path.normpath(file.parent / values["path"])
            if place in line_of:
                wrong = [f"line {line}: {values['path']} is in line {line_of[place]} already"]
            else:
                line_of[place] = line
                images.append(
                    FoundImage(
                        file_name=_file_name(place, values["path"], file.parent),
                        class_name=values["label"],
                        split=SPLIT_CALLED[values["split"].lower()] if "split" in columns else None,
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
    if values["path"] and not is_image_name(Path(values["path"]).name):
        yield f"{values['path']} does not end in {', '.join(IMAGE_ENDINGS)}"
    # Synthetic images of a class get a folder of its name.
    if values["label"].startswith(".") or any(sign in values["label"] for sign in "/\\\0"):
        yield f"label {values['label']!r} cannot be the name of a folder"
    if "split" in columns and values["split"].lower() not in SPLIT_CALLED:
        yield f"split {values['split']!r} is none of train, val, test"


def _file_name(place: str, text: str, root: Path) -> str:
    """Relative to `root` where it can be, so that the same set on another machine has the same names."""
    inside = Path(place).is_relative_to(root)
    if inside or not Path(text).is_absolute():
        return Path(os.path.relpath(place, root)).as_posix()
    return Path(place).as_posix()
