"""The conditions of a study besides its arms: ratios of added images, fractions of the minority class."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple


class Condition(NamedTuple):
    """`synthetic_ratio`: added images as a share of the missing ones, None where the study has no ratios; `fraction`:
    share of the minority class's training images that the study keeps."""

    synthetic_ratio: float | None = None
    fraction: float = 1.0


def condition_of(row: Mapping[Any, Any]) -> Condition:
    """The condition of a row of summary.json or results.csv."""
    return Condition(_number(row.get("synthetic_ratio")), _number(row.get("minority_fraction")) or 1.0)


def in_words(condition: Condition) -> str:
    """`ratio 0.25, 10 % of the minority class`; empty for the plain condition."""
    parts = [] if condition.synthetic_ratio is None else [f"ratio {condition.synthetic_ratio:g}"]
    parts += [] if condition.fraction == 1 else [f"{100 * condition.fraction:g} % of the minority class"]
    return ", ".join(parts)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
