"""Which of a run's trained classifiers is asked. Looks at names and never at figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganbal.errors import InputError
from ganbal.run.folder import Run
from ganbal.study.arms import BASELINE
from ganbal.study.cell_extras import MODEL_FILE
from ganbal.study.cells import Cell

_LISTED = 20


@dataclass(frozen=True)
class ChosenCell:
    """A cell that keeps its classifier, and in words why it is this one."""

    cell: Cell
    folder: Path
    reason: str


def choose_cell(
    run: Run, *, arm: str | None = None, classifier: str | None = None, seed: int | None = None
) -> ChosenCell:
    """The cell asked for; where something is left open: the first classifier, arm `imbalanced`, the lowest seed.

    First means in the order of the run's settings. Test results have no say, or the figures of the chosen cell would be
    too good to be true.

    Raises:
        InputError: no cell with a kept classifier fits.
    """
    kept = kept_cells(run)
    asked = {"arm": arm, "classifier": classifier, "seed": seed}
    fitting = [
        cell for cell in kept if all(value is None or getattr(cell, name) == value for name, value in asked.items())
    ]
    if not fitting:
        raise _nothing_fits(run, kept, asked)
    chosen = fitting[0]
    left_open = [name for name, value in asked.items() if value is None]
    reason = f"{' and '.join(left_open)} taken by name, not by results" if left_open else "as asked for"
    return ChosenCell(chosen, chosen.folder(run.study_folder), reason)


def kept_cells(run: Run) -> list[Cell]:
    """All finished cells of the run that keep their classifier, those first that are taken first.

    The arm has the name of its folder, with ratio and minority fraction: `gan_ratio_0.25`, `fraction_0.1/gan`.
    """
    found, cells = [], run.study_folder / "cells"
    for file in cells.rglob(MODEL_FILE):
        *arm, classifier, seed = file.parent.relative_to(cells).parts
        if seed.isdecimal() and (file.parent / "metrics.json").is_file():
            found.append(Cell("/".join(arm), classifier, int(seed)))
    study: dict[str, Any] = (run.settings() or {}).get("study") or {}
    classifiers, arms = study.get("classifiers") or [], [BASELINE, *(study.get("arms") or [])]

    def order(cell: Cell) -> tuple[int, str, int, str, int]:
        return (_place(cell.classifier, classifiers), cell.classifier, _place(cell.arm, arms), cell.arm, cell.seed)

    return sorted(found, key=order)


def _place(name: str, names: Sequence[str]) -> int:
    return names.index(name) if name in names else len(names)


def _nothing_fits(run: Run, kept: Sequence[Cell], asked: dict[str, Any]) -> InputError:
    wanted = ", ".join(f"{name} {value}" for name, value in asked.items() if value is not None)
    if not kept:
        return InputError(
            expected=f"a trained classifier in {run.study_folder}",
            found="none that was kept",
            action="Run `ganbal compare` with study.keep_models: true. Models that are no networks are not kept.",
        )
    lines = [f"{cell.arm} {cell.classifier} {cell.seed}" for cell in kept[:_LISTED]]
    more = [f"… and {len(kept) - _LISTED} more"] if len(kept) > _LISTED else []
    return InputError(
        expected=f"a kept classifier with {wanted} in {run.study_folder}",
        found="these (arm, classifier, seed):\n  " + "\n  ".join(lines + more),
        action="Take one of them with --arm, --classifier and --seed.",
    )
