"""The files of a run, read one by one: a file that is damaged, or that leads out of the folder, is named and left "
"out."""

import json
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import yaml
from PIL import Image

from ganbal.report.file_contents import CONFIG
from ganbal.report.page import printable
from ganbal.report.shapes import Shape

_Content = TypeVar("_Content")

_NAMES = ("file_name", "label", "arm", "classifier")
"""Columns of CSV files that hold names, even where all of them look like numbers."""
_MOST_PIXELS = 40_000_000
_MOST_COMPLAINTS = 3


class FileReader:
    """Reads a run folder's files; `unread` collects (file, reason) of what is there and cannot be used."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.unread: list[tuple[str, str]] = []

    def json(self, name: str, shape: Shape) -> Any:
        """The content as `shape` gives it; None where there is no such file, or none that can be used."""
        content = self._read(name, lambda path: json.loads(path.read_text(encoding="utf-8")))
        return None if content is None else self._conform(name, content, shape)

    def table(self, name: str, needed: Sequence[str]) -> pd.DataFrame | None:
        """A CSV file; None where there is none that has the `needed` columns."""
        table = self._read(name, _read_csv)
        lacking = [column for column in needed if table is not None and column not in table.columns]
        if lacking:
            self.unread.append((name, f"it lacks {', '.join(lacking)}"))
            return None
        return table

    def config(self) -> tuple[str, dict[str, Any]]:
        """config.yaml as text and as the settings the report uses."""
        content = self._read("config.yaml", lambda path: printable(path.read_text(encoding="utf-8")))
        parsed = None if content is None else self._read("config.yaml", lambda path: yaml.safe_load(content))
        return content or "", self._conform("config.yaml", parsed or {}, CONFIG) or {}

    def places(self, patterns: Sequence[str]) -> list[Path]:
        """Files and folders inside the run folder that match, in no particular order."""
        return [path for pattern in patterns for path in self._folder.glob(pattern) if self.inside(path)]

    def image(self, path: Path) -> Image.Image | None:
        """An image of the run folder in gray or RGB; None where there is none that can be read."""
        if not (self.inside(path) and path.is_file()):
            return None
        try:
            with warnings.catch_warnings(), Image.open(path) as image:
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)
                if image.width * image.height > _MOST_PIXELS:
                    return None
                return image.convert("L" if image.mode in {"1", "L", "I;16", "I"} else "RGB")
        except Exception:  # decoders raise errors of many kinds for damaged files; a picture is left out
            return None

    def inside(self, path: Path) -> bool:
        """Whether the path, links followed, lies in the run folder."""
        try:
            return path.resolve().is_relative_to(self._folder.resolve())
        except (OSError, RuntimeError, ValueError):  # a loop of links; a NUL in the name
            return False

    def _conform(self, name: str, content: Any, shape: Shape) -> Any:
        complaints: list[str] = []
        found = shape(content, "", complaints)
        if complaints:
            more = len(complaints) - _MOST_COMPLAINTS
            phrases = [*complaints[:_MOST_COMPLAINTS], *([f"and {more} more of this kind"] if more > 0 else [])]
            self.unread.append((name, "; ".join(phrases)))
        return found

    def _read(self, name: str, read: Callable[[Path], _Content]) -> _Content | None:
        path = self._folder / name
        if not path.is_file():
            return None
        if not self.inside(path):
            self.unread.append((name, "it is a link that leads out of the run folder"))
            return None
        try:
            return read(path)
        except (OSError, ValueError, yaml.YAMLError, RecursionError, MemoryError) as error:
            self.unread.append((name, printable(" ".join(str(error).split())[:200]) or type(error).__name__))
            return None


def _read_csv(path: Path) -> pd.DataFrame:
    """Numbers where a whole column is numbers or gaps; names such as "NA" or "01" stay what they are."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False).rename(columns=lambda name: printable(str(name)))
    for column in table.columns:
        numbers = None if column in _NAMES else pd.to_numeric(table[column], errors="coerce")
        if numbers is not None and (numbers.notna() | table[column].isin(["", "nan"])).all():
            table[column] = numbers
        else:
            table[column] = table[column].map(printable)
    return table
