"""Which cells of a study are held against which: paired by seed, all else but the arm being equal."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ganbal.study.arms import BASELINE
from ganbal.study.cells import Cell

CONTROL = "duplicated"
"""The arm that a GAN has to beat: as many plain copies in place of its images."""


@dataclass(frozen=True)
class Comparison:
    """An arm's cells beside its baseline's of the same seeds; `pairs` has at least one."""

    classifier: str
    arm: str
    synthetic_ratio: float | None
    minority_fraction: float
    baseline: str
    pairs: tuple[tuple[Cell, Cell], ...]


def comparisons(cells: Iterable[Cell]) -> list[Comparison]:
    """Every arm at every ratio against BASELINE and against CONTROL, for every classifier and minority fraction.

    The baseline has the same minority fraction; CONTROL also the same ratio. What has no such counterpart in the study
    is not compared.
    """
    groups: dict[Cell, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(replace(cell, seed=0), []).append(cell)
    classifiers = list(dict.fromkeys(group.classifier for group in groups))
    return [
        Comparison(group.classifier, group.arm, group.synthetic_ratio, group.minority_fraction, baseline, pairs)
        for group in sorted(groups, key=lambda group: classifiers.index(group.classifier))
        for baseline, ratio in ((BASELINE, None), (CONTROL, group.synthetic_ratio))
        if group.arm not in (BASELINE, baseline)
        and (pairs := _paired(groups[group], groups.get(replace(group, arm=baseline, synthetic_ratio=ratio), [])))
    ]


def _paired(cells: list[Cell], others: list[Cell]) -> tuple[tuple[Cell, Cell], ...]:
    of_seed = {other.seed: other for other in others}
    return tuple((cell, of_seed[cell.seed]) for cell in cells if cell.seed in of_seed)
