"""Which trained classifier of a run predicts: chosen by name, never by results."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganbal.config.study import BASELINE
from ganbal.errors import InputError
from ganbal.run.folder import Run
from ganbal.runtime.number_text import listing
from ganbal.study.cell import METRICS_FILE, MODEL_FILE, Cell

_LISTED = 20


@dataclass(frozen=True)
class ChosenCell:
    """A cell with a kept classifier, and the reason for the choice."""

    cell: Cell
    folder: Path
    reason: str


def choose_cell(
    run: Run, *, arm: str | None = None, classifier: str | None = None, seed: int | None = None
) -> ChosenCell:
    """The requested cell; by default the first classifier of the settings, arm `imbalanced` and the lowest seed.

    Test results play no part: the figures of a cell chosen by its results would be too good.

    Raises:
        InputError: no cell with a kept classifier matches.
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
    reason = f"default {listing(left_open)}, not chosen by results" if left_open else "as requested"
    return ChosenCell(chosen, chosen.folder(run.study_folder), reason)


def kept_cells(run: Run) -> list[Cell]:
    """All finished cells of the run with a kept classifier, in the order of preference.

    The arm has the name of its folder, with ratio and minority fraction: `gan_ratio_0.25`, `fraction_0.1/gan`.
    """
    found, cells = [], run.study_folder / "cells"
    for file in cells.rglob(MODEL_FILE):
        *arm, classifier, seed = file.parent.relative_to(cells).parts
        if seed.isdecimal() and (file.parent / METRICS_FILE).is_file():
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
    if not any(run.study_folder.rglob(METRICS_FILE)):
        return InputError(
            found=f"No classifier has been trained in {run.folder}.",
            expected="`ganbal predict` needs one of the study.",
            action=f"Run `{run.command('compare')}` first.",
        )
    if not kept:
        return InputError(
            found=f"No trained classifier was kept in {run.study_folder}.",
            expected="`ganbal predict` needs one; models that are not networks are not kept.",
            action=f"Run `{run.command('compare')} --set study.keep_models=true`.",
        )
    lines = [f"{cell.arm} {cell.classifier} {cell.seed}" for cell in kept[:_LISTED]]
    more = [f"… and {len(kept) - _LISTED} more"] if len(kept) > _LISTED else []
    return InputError(
        found=f"There is no kept classifier with {wanted} in {run.study_folder}, but these (arm, classifier, seed):\n  "
        + "\n  ".join(lines + more),
        expected="`ganbal predict` needs a trained classifier of the run.",
        action="Choose one of them with --arm, --classifier and --seed.",
    )
