"""The files of a run, one by one: what cannot be read is told and left out."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import yaml

from ganbal.report.conditions import Condition

_Content = TypeVar("_Content")

NEEDED_KEYS: dict[str, tuple[str, ...]] = {
    "data.json": ("source", "classes", "counts", "minority_class"),
    "gan/training.json": ("steps", "class_name", "image_size_px"),
    "scores.json": ("scores",),
    "study/summary.json": ("arms", "classifiers", "seeds", "per_arm", "differences", "verdict_sentence"),
}
_NAMES = ("file_name", "label", "arm", "classifier")


@dataclass(frozen=True)
class Cell:
    """What one cell of the study left; `predictions` and `history` as in their CSV files."""

    arm: str
    classifier: str
    seed: int
    metrics: Mapping[str, Any] | None
    predictions: pd.DataFrame | None
    history: pd.DataFrame | None
    place: str
    """Its folder inside the run folder."""
    condition: Condition


class Reader:
    """Reads a run folder's files; `unread` gathers those that are there and cannot be used, with the reason."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.unread: list[tuple[str, str]] = []

    def json(self, name: str) -> dict[str, Any] | None:
        content = self._read(name, lambda path: json.loads(path.read_text(encoding="utf-8")))
        if content is None:
            return None
        needed = NEEDED_KEYS.get(name, ())
        lacking = [key for key in needed if not isinstance(content, dict) or content.get(key) is None]
        if lacking or not isinstance(content, dict):
            self.unread.append((name, f"it lacks {', '.join(lacking) or 'names'}"))
            return None
        return content

    def table(self, name: str, needed: Sequence[str]) -> pd.DataFrame | None:
        table = self._read(name, _read_csv)
        if table is None:
            return None
        lacking = [column for column in needed if column not in table.columns]
        if lacking:
            self.unread.append((name, f"it lacks {', '.join(lacking)}"))
            return None
        return table

    def config(self) -> tuple[str, dict[str, Any]]:
        text = self._read("config.yaml", lambda path: path.read_text(encoding="utf-8")) or ""
        content = self._read("config.yaml", lambda path: yaml.safe_load(text))
        return text, content if isinstance(content, dict) else {}

    def cells(self) -> list[Cell]:
        cells = self._folder / "study" / "cells"
        places = [*cells.glob("*/*/*"), *cells.glob("fraction_*/*/*/*")]
        found = [self._cell(place) for place in places if place.is_dir() and place.name.isdecimal()]
        return sorted(found, key=lambda cell: (cell.classifier, cell.arm, cell.place, cell.seed))

    def _cell(self, place: Path) -> Cell:
        name = place.relative_to(self._folder).as_posix()
        arm, condition = _arm_and_condition(place)
        return Cell(
            arm=arm,
            classifier=place.parts[-2],
            seed=int(place.name),
            metrics=self.json(f"{name}/metrics.json"),
            predictions=self.table(f"{name}/predictions.csv", ["label"]),
            history=self.table(f"{name}/history.csv", ["step"]),
            place=name,
            condition=condition,
        )

    def _read(self, name: str, read: Callable[[Path], _Content]) -> _Content | None:
        path = self._folder / name
        if not path.is_file():
            return None
        try:
            return read(path)
        except (OSError, ValueError, yaml.YAMLError) as error:
            self.unread.append((name, " ".join(str(error).split())[:200]))
            return None


def _read_csv(path: Path) -> pd.DataFrame:
    """Numbers where a whole column is numbers or gaps; names such as "NA" or "01" stay what they are."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    for column in (name for name in table.columns if name not in _NAMES):
        numbers = pd.to_numeric(table[column], errors="coerce")
        if (numbers.notna() | table[column].isin(["", "nan"])).all():
            table[column] = numbers
    return table


def _arm_and_condition(place: Path) -> tuple[str, Condition]:
    """From cells/[fraction_0.1/]<arm>[_ratio_0.25]/<classifier>/<seed>."""
    arm, _, ratio = place.parts[-3].partition("_ratio_")
    _, _, fraction = place.parts[-4].partition("fraction_")
    try:
        return arm, Condition(float(ratio) if ratio else None, float(fraction) if fraction else 1.0)
    except ValueError:  # an arm that happens to be called so
        return place.parts[-3], Condition()
