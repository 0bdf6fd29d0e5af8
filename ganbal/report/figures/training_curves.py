"""Curves over training steps."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from ganbal.report.figures.drawing import COLORS, LegendEntry, Sheet, calm_ticks, legend_rows, render
from ganbal.report.page import Drawing

WIDTH_PX, HEIGHT_PX = 360, 250
MOST_POINTS = 400
FEWEST_POINTS = 3
"""Curves with fewer points are left out."""


@dataclass(frozen=True)
class Curve:
    """One quantity over steps: `label`, a color of COLORS, (K,) steps and values."""

    label: str
    color: str
    steps: np.ndarray
    values: np.ndarray
    dash: Any = "-"


def draw_curves(
    curves: Sequence[Curve],
    *,
    name: str,
    title: str,
    caption: str,
    alt: str,
    mark: str | None,
    reference: float | None = None,
    limits: tuple[float, float] | None = None,
    smooth: bool = False,
) -> Drawing:
    """Lines over optimizer steps.

    Args:
        reference: a level to mark by a dotted line.
        limits: of the vertical axis; None fits the curves.
        smooth: plot a bold running mean over the raw curve.
    """
    entries = list({curve.label: LegendEntry(curve.label, curve.color, curve.dash) for curve in curves}.values())
    legend_height = 17 * len(legend_rows(entries, WIDTH_PX))

    def draw(sheet: Sheet) -> None:
        sheet.title(title)
        sheet.legend(entries, 28)
        axes = sheet.axes(44, 26 + legend_height, 8, 38)
        if reference is not None:
            axes.axhline(reference, color=COLORS["muted"], linestyle=":", linewidth=1.2)
        for curve in curves:
            _draw_curve(axes, curve, smooth)
        if limits is not None:
            axes.set_ylim(*limits)
        calm_ticks(axes)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        axes.set_xlabel("optimizer steps")
        axes.margins(x=0.02)

    return render(draw, name=name, width_px=WIDTH_PX, height_px=HEIGHT_PX, caption=caption, alt=alt, mark=mark)


def curve_of(table: pd.DataFrame, column: str, label: str, color: str, dash: Any = "-") -> Curve | None:
    """A column over `step`, without missing values; None where too few remain."""
    if column not in table.columns:
        return None
    numbers = table[["step", column]].apply(pd.to_numeric, errors="coerce")
    numbers = numbers.replace([np.inf, -np.inf], np.nan).dropna()
    if len(numbers) < FEWEST_POINTS:
        return None
    return Curve(label, color, numbers["step"].to_numpy(float), numbers[column].to_numpy(float), dash)


def thinned(values: np.ndarray) -> np.ndarray:
    """Indices of at most MOST_POINTS values, evenly spaced, the last one included."""
    if len(values) <= MOST_POINTS:
        return np.arange(len(values))
    return np.unique(np.linspace(0, len(values) - 1, MOST_POINTS).round().astype(int))


def running_mean(values: np.ndarray, window: int) -> np.ndarray:
    """Mean over `window` values around each; fewer at the ends."""
    return pd.Series(values).rolling(window, center=True, min_periods=1).mean().to_numpy()


def _draw_curve(axes: Axes, curve: Curve, smooth: bool) -> None:
    places, color = thinned(curve.steps), COLORS[curve.color]
    style: dict[str, Any] = {"color": color, "linestyle": curve.dash}
    window = len(curve.values) // 25
    if smooth and window > 1:
        axes.plot(curve.steps[places], curve.values[places], linewidth=0.8, alpha=0.35, **style)
        axes.plot(curve.steps[places], running_mean(curve.values, window)[places], linewidth=2, **style)
    else:
        axes.plot(curve.steps[places], curve.values[places], linewidth=1.5, **style)
