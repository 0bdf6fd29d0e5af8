"""Tables in text files to cells of text: CSV with any usual separator, and JSON lines."""

import codecs
import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ganbal.data.image_formats import printable
from ganbal.errors import InputError, reason_of

TABLE_SUFFIXES = (".csv", ".tsv", ".jsonl")
_SEPARATORS = (",", ";", "\t", "|")
_MAX_BYTES = 1_000_000_000


class Row(NamedTuple):
    """The cells of one line, without spaces around them."""

    line: int
    cells: list[str]


@dataclass(frozen=True)
class TextTable:
    """The cells of a table; `header` has the names of the columns as they are written."""

    file: Path
    header: list[str]
    rows: list[Row]


def read_text_table(file: Path, score_header: Callable[[Sequence[str]], int]) -> TextTable:
    """Read a CSV file (its separator a comma, semicolon, tab or bar) or a file of JSON lines.

    The encoding is UTF-8, or UTF-16 with its byte-order mark. Every cell is text: `0`, `007`, `NA` and `no` stay as
    they are.

    Args:
        score_header: how many columns of a header are recognized; the separator with the best header is taken.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        if file.stat().st_size > _MAX_BYTES:
            raise OSError(f"larger than {_MAX_BYTES // 1_000_000} MB")
        text = _decode(file.read_bytes())
        if "\0" in text:
            raise ValueError(f"line {text[: text.index(chr(0))].count(chr(10)) + 1} has a NUL byte")
        if file.suffix.lower() == ".jsonl":
            return _json_lines(file, text)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text, score_header), strict=True)
        rows = [
            Row(reader.line_num, [cell.strip() for cell in cells])
            for cells in reader
            if any(cell.strip() for cell in cells)
        ]
        return TextTable(file, rows[0].cells, rows[1:]) if rows else TextTable(file, [], [])
    except (OSError, ValueError, RecursionError, csv.Error) as error:
        raise InputError(
            found=f"The table {printable(file)} cannot be read: {reason_of(error)}.",
            expected="It must be a CSV file in UTF-8 or UTF-16.",
            action="Save it as comma-separated UTF-8 text.",
        ) from error


def _decode(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16")
    return content.decode("utf-8-sig")


def _separator(text: str, score_header: Callable[[Sequence[str]], int]) -> str:
    """The separator by which most columns of the header are recognized; of equals, the one with more columns."""
    header = next((line for line in text.splitlines() if line.strip()), "")

    def score(separator: str) -> tuple[int, int]:
        names = [name.strip(' "') for name in header.split(separator)]
        return score_header(names), len(names)

    return max(_SEPARATORS, key=score)


def _json_lines(file: Path, text: str) -> TextTable:
    """One JSON object per line; lists become cells such as `a|b`."""
    header: dict[str, None] = {}
    entries: list[tuple[int, dict[str, Any]]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            entry = json.loads(line)
            if not isinstance(entry, dict):
                raise ValueError(f"line {number} is no JSON object")
            header |= dict.fromkeys(entry)
            entries.append((number, entry))
    rows = [Row(number, [_cell(entry.get(name)) for name in header]) for number, entry in entries]
    return TextTable(file, list(header), rows)


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return "|".join(map(_cell, value))
    if value is None:
        return ""
    return value.strip() if isinstance(value, str) else json.dumps(value)
