"""Differences between arms over a choice that was varied: the ratio, or what was left of the minority class."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from ganbal.report import number_text
from ganbal.report.figures.drawing import COLOURS, LegendEntry, Sheet, legend_rows, render
from ganbal.report.page import Drawing

WIDTH_PX, HEIGHT_PX = 440, 300
_DASHES: tuple[Any, ...] = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (6, 2, 1.5, 2)), (0, (9, 3)))
_DODGE = 0.07
"""Distance between the marks of two arms at one place, as a share of the distance between places."""


@dataclass(frozen=True)
class ConditionLine:
    """An arm with its colour of COLOURS: at each of the (K,) places a row of summary.json's `differences`."""

    arm: str
    colour: str
    places: Sequence[float]
    rows: Sequence[Mapping[str, Any]]


def draw_condition_curves(
    lines: Sequence[ConditionLine],
    *,
    name: str,
    title: str,
    place_label: str,
    difference_label: str,
    caption: str,
    limits: tuple[float, float],
    mark: str | None,
) -> Drawing:
    """One line an arm through its mean differences in points, a bar for each interval.

    Places are spaced by their ratios. A filled mark is a verdict (helps or hurts), an empty one is none.
    """
    places = sorted({place for line in lines for place in line.places})
    legend = [LegendEntry(line.arm, line.colour, _dash(number)) for number, line in enumerate(lines)]
    top = 26 + 17 * len(legend_rows(legend, WIDTH_PX))

    def draw(sheet: Sheet) -> None:
        sheet.title(title)
        sheet.legend(legend, 28)
        axes = sheet.axes(52, top, 8, 40)
        axes.axhline(0, color=COLOURS["ink"], linewidth=1)
        for number, line in enumerate(lines):
            _draw_line(axes, line, (number - (len(lines) - 1) / 2) * _DODGE * _step(places), _dash(number))
        axes.set_ylim(*limits)
        axes.set_xticks(np.log2(places), [f"{place:g}" for place in places])
        margin = 0.35 * _step(places)
        axes.set_xlim(np.log2(places[0]) - margin, np.log2(places[-1]) + margin)
        axes.grid(visible=False, axis="x")
        axes.set_xlabel(place_label)
        axes.set_ylabel(difference_label)

    told = "; ".join(f"{line.arm}: {', '.join(_in_words(line))}" for line in lines)
    return render(
        draw,
        name=name,
        width_px=WIDTH_PX,
        height_px=HEIGHT_PX,
        caption=caption,
        alt=f"{title}: {difference_label} over {place_label}. {told}.",
        mark=mark,
    )


def shared_limits(rows: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    """From which to which difference, in points, an axis must reach for all rows; zero is in it."""
    values = [100 * row[key] for row in rows for key in ("mean", "low", "high") if number_text.is_known(row[key])]
    low, high = min([-0.5, *values]), max([0.5, *values])
    margin = 0.06 * (high - low)
    return low - margin, high + margin


def _draw_line(axes: Axes, line: ConditionLine, shift: float, dash: Any) -> None:
    points = [(place, row) for place, row in zip(line.places, line.rows, strict=True) if _is_known(row, "mean")]
    if not points:
        return
    colour = COLOURS[line.colour]
    places = np.log2([place for place, _ in points]) + shift
    axes.plot(places, [100 * row["mean"] for _, row in points], color=colour, linestyle=dash, linewidth=1.5)
    for x, (_, row) in zip(places, points, strict=True):
        if _is_known(row, "low") and _is_known(row, "high"):
            axes.plot([x, x], [100 * row["low"], 100 * row["high"]], color=colour, linewidth=2)
        filled = row["verdict"] in ("helps", "hurts")
        face = colour if filled else COLOURS["hollow"]
        axes.plot([x], [100 * row["mean"]], marker="s", markersize=6, color=colour, markerfacecolor=face, zorder=3)


def _in_words(line: ConditionLine) -> list[str]:
    return [
        f"at {place:g} {number_text.points(row['mean'])}"
        f" ({number_text.points_interval(row['low'], row['high'])}), {row['verdict']}"
        for place, row in zip(line.places, line.rows, strict=True)
    ]


def _step(places: Sequence[float]) -> float:
    """The least distance between two places on the axis."""
    return float(np.diff(np.log2(places)).min()) if len(places) > 1 else 1.0


def _dash(number: int) -> Any:
    return _DASHES[number % len(_DASHES)]


def _is_known(row: Mapping[str, Any], key: str) -> bool:
    return number_text.is_known(row[key])
