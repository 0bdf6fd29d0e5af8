"""The conditions of a study besides its arms: ratios of added images, fractions of the minority class."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple


class Condition(NamedTuple):
    """`synthetic_ratio`: added images as a share of the missing ones, None where the study has no ratios; `fraction`:
    share of the minority class's training images that the study keeps."""

    synthetic_ratio: float | None = None
    fraction: float = 1.0


def condition_of(row: Mapping[Any, Any]) -> Condition:
    """The condition of a row of summary.json or results.csv."""
    return Condition(_number(row.get("synthetic_ratio")), _number(row.get("minority_fraction")) or 1.0)


def usual_conditions(rows: Iterable[Mapping[str, Any]]) -> dict[str, Condition]:
    """For every arm the condition that tables and figures of single arms are about.

    The largest fraction of the minority class and, of several ratios, the one nearest to what is missing.
    """
    found: dict[str, Condition] = {}
    for row in rows:
        arm, condition = str(row["arm"]), condition_of(row)
        found[arm] = min(found.get(arm, condition), condition, key=_oddness)
    return found


def in_words(condition: Condition) -> str:
    """`ratio 0.25, 10 % of the minority class`; empty for the plain condition."""
    parts = [] if condition.synthetic_ratio is None else [f"ratio {condition.synthetic_ratio:g}"]
    parts += [] if condition.fraction == 1 else [f"{100 * condition.fraction:g} % of the minority class"]
    return ", ".join(parts)


def _oddness(condition: Condition) -> tuple[float, float]:
    return -condition.fraction, 0.0 if condition.synthetic_ratio is None else abs(condition.synthetic_ratio - 1)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
