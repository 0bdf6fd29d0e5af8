"""The table of the answer: every arm beside `duplicated` and `class-weights`, paired by seed."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

CONTROLS = ("imbalanced", "duplicated", "class-weights")
METRICS = ("roc_auc", "balanced_accuracy")
SELECTED = "gan, selected"
CONFIDENCE = 0.95


def results_of(studies: Mapping[str, Path]) -> pd.DataFrame:
    """The rows of all finished studies' results.csv; `gan` of a study of selected images is called so.

    Args:
        studies: name of the set of images (`plain`, `selected`) and classifier → run folder.
    """
    tables = []
    for name, folder in studies.items():
        file = folder / "study" / "results.csv"
        if file.is_file():
            table = pd.read_csv(file)
            if name.startswith("selected"):
                table = table[table["arm"] == "gan"].assign(arm=SELECTED)
            tables.append(table)
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def difference(values: Mapping[int, float], control: Mapping[int, float]) -> tuple[float, float] | None:
    """Mean of the differences of equal seeds and half the width of its 95 % interval by Student's t; None below two.

    The interval covers other seeds only; study/summary.json has those that cover other test patients as well.
    """
    differences = np.array([values[seed] - control[seed] for seed in values if seed in control])
    if len(differences) < 2:
        return None
    spread = differences.std(ddof=1) / math.sqrt(len(differences))
    return float(differences.mean()), float(spread * stats.t.ppf((1 + CONFIDENCE) / 2, len(differences) - 1))


def table_text(results: pd.DataFrame) -> str:
    """Markdown: one table per classifier and fraction of the minority class, on the test images."""
    if results.empty:
        return "No study is finished.\n"
    lines: list[str] = []
    for (classifier, fraction), part in results.groupby(["classifier", "minority_fraction"], sort=False):
        lines += [f"## {classifier}, {100 * fraction:g} % of the minority class", "", *_lines_of(part), ""]
    return "\n".join(lines)


def _lines_of(part: pd.DataFrame) -> Sequence[str]:
    heads = [name for metric in METRICS for name in (metric, *(f"− {control}" for control in CONTROLS))]
    lines = [f"| arm | seeds | {' | '.join(heads)} |", "|---" * (2 + len(heads)) + "|"]
    for arm in dict.fromkeys(part["arm"]):
        cells = [text for metric in METRICS for text in _columns(part, arm, metric)]
        lines.append(f"| {arm} | {(part['arm'] == arm).sum()} | {' | '.join(cells)} |")
    return lines


def _columns(part: pd.DataFrame, arm: str, metric: str) -> Sequence[str]:
    by_seed = {name: dict(zip(rows["seed"], rows[metric], strict=True)) for name, rows in part.groupby("arm")}
    shown = [f"{np.mean(list(by_seed[arm].values())):.4f}"]
    for control in CONTROLS:
        found = None if control == arm or control not in by_seed else difference(by_seed[arm], by_seed[control])
        shown.append("" if found is None else f"{found[0]:+.4f} ± {found[1]:.4f}")
    return shown
