"""Choices of the answer, none of which looks at a test image: the generator and the best of four arms."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean

import numpy as np
import pandas as pd
from generator_search.ranking import ranked_variants
from sklearn.metrics import roc_auc_score

from ganbal.study.cell import Cell
from ganbal.study.cells import read_classes, read_validation


def winner_of(search: Path) -> str:
    """The name of the variant that ranks first in a folder of benchmarks/search_generator.py.

    Raises:
        ValueError: no variant was ranked.
    """
    table = pd.read_csv(search / "table.csv")
    rows: dict[str, list[dict[str, float] | None]] = {}
    for row in table.iloc[1:].to_dict("records"):  # the first row is of real images
        failed = isinstance(row.get("failed"), str)
        measures = {name: value for name, value in row.items() if isinstance(value, int | float) and name != "seed"}
        rows.setdefault(row["variant"], []).append(None if failed else measures)
    ranked = [name for name, rank, _ in ranked_variants(rows) if rank is not None]
    if not ranked:
        raise ValueError(f"{search}/table.csv ranks no variant")
    return ranked[0]


def validation_auc(study_folder: Path, cells: Iterable[Cell]) -> float:
    """Mean ROC-AUC of finished cells of two classes on the validation images."""
    areas = []
    for cell in cells:
        folder = cell.folder(study_folder)
        labels, probabilities = read_validation(folder, read_classes(folder))
        areas.append(float(roc_auc_score(labels, probabilities[:, 1])))
    return fmean(areas)


def best_arm(study_folder: Path, cells: Sequence[Cell], arms: Sequence[str]) -> tuple[str, dict[str, float]]:
    """The arm with the highest mean validation ROC-AUC, the first one of equals, and the mean of every arm that was
    trained.
    """
    trained = {cell.arm for cell in cells}
    means = {
        arm: validation_auc(study_folder, [cell for cell in cells if cell.arm == arm]) for arm in arms if arm in trained
    }
    return max(means, key=lambda arm: (np.round(means[arm], 12), -arms.index(arm))), means
