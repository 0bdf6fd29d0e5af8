"""Differences between arms over synthetic ratios and over fractions of the minority class."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from ganbal.report.conditions import Condition, condition_of
from ganbal.report.figures.drawing import COLORS, LegendEntry, Sheet, legend_rows, render
from ganbal.report.page import Block, Drawing, Gallery, file_stem
from ganbal.report.study_view import GAN_ARM, StudyView
from ganbal.runtime import number_text

WIDTH_PX, HEIGHT_PX = 440, 300
_DASHES: tuple[Any, ...] = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (6, 2, 1.5, 2)), (0, (9, 3)))
_DODGE = 0.07
"""Distance between the marks of two arms at one place, as a share of the distance between places."""


@dataclass(frozen=True)
class ConditionLine:
    """An arm with its color of COLORS: at each of the (K,) places a row of summary.json's `differences`."""

    arm: str
    color: str
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
    """One line per arm through its mean differences in points, and a bar per interval.

    Places are spaced by their ratios. A filled mark is a verdict (helps or hurts), an empty one no difference found.
    """
    places = sorted({place for line in lines for place in line.places})
    legend = [LegendEntry(line.arm, line.color, _dash(number)) for number, line in enumerate(lines)]
    top = 26 + 17 * len(legend_rows(legend, WIDTH_PX))

    def draw(sheet: Sheet) -> None:
        sheet.title(title)
        sheet.legend(legend, 28)
        axes = sheet.axes(52, top, 8, 40)
        axes.axhline(0, color=COLORS["ink"], linewidth=1)
        for number, line in enumerate(lines):
            _draw_line(axes, line, (number - (len(lines) - 1) / 2) * _DODGE * _step(places), _dash(number))
        axes.set_ylim(*limits)
        axes.set_xticks(np.log2(places), [f"{place:g}" for place in places])
        margin = 0.35 * _step(places)
        axes.set_xlim(np.log2(places[0]) - margin, np.log2(places[-1]) + margin)
        axes.grid(visible=False, axis="x")
        axes.set_xlabel(place_label)
        axes.set_ylabel(difference_label)

    phrases = "; ".join(f"{line.arm}: {', '.join(_in_words(line))}" for line in lines)
    return render(
        draw,
        name=name,
        width_px=WIDTH_PX,
        height_px=HEIGHT_PX,
        caption=caption,
        alt=f"{title}: {difference_label} over {place_label}. {phrases}.",
        mark=mark,
    )


def shared_limits(rows: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    """Limits of an axis, in points, that shows all rows and zero."""
    values = [100 * row[key] for row in rows for key in ("mean", "low", "high") if number_text.is_known(row[key])]
    low, high = min([-0.5, *values]), max([0.5, *values])
    margin = 0.06 * (high - low)
    return low - margin, high + margin


def _draw_line(axes: Axes, line: ConditionLine, shift: float, dash: Any) -> None:
    points = [(place, row) for place, row in zip(line.places, line.rows, strict=True) if _is_known(row, "mean")]
    if not points:
        return
    color = COLORS[line.color]
    places = np.log2([place for place, _ in points]) + shift
    axes.plot(places, [100 * row["mean"] for _, row in points], color=color, linestyle=dash, linewidth=1.5)
    for x, (_, row) in zip(places, points, strict=True):
        if _is_known(row, "low") and _is_known(row, "high"):
            axes.plot([x, x], [100 * row["low"], 100 * row["high"]], color=color, linewidth=2)
        filled = row["verdict"] in ("helps", "hurts")
        face = color if filled else COLORS["hollow"]
        axes.plot([x], [100 * row["mean"]], marker="s", markersize=6, color=color, markerfacecolor=face, zorder=3)


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


_READING = "Bars are {confidence} intervals; filled marks help or hurt, empty ones are no difference found."


def condition_galleries(study: StudyView) -> list[Block]:
    """One plot per classifier over the ratios, another over the fractions; each only where there are several."""
    measure = study.metric_title(study.main_metric).lower()
    ratios = _gallery(
        study,
        "ratio",
        f"Ratio: {measure} against {study.baseline}",
        "ratio: added images, as a share of the missing ones",
        lambda usual, found: found.fraction == usual.fraction and found.synthetic_ratio is not None,
        lambda found: float(found.synthetic_ratio or 0),
        "More images are not better by themselves: each arm was trained for the same number of steps. ",
    )
    fractions = _gallery(
        study,
        "fraction",
        f"Fewer images of the minority class: {measure} against {study.baseline}",
        "share of the minority class's training images",
        lambda usual, found: found.synthetic_ratio == usual.synthetic_ratio,
        lambda found: found.fraction,
        f"Each arm is compared with {study.baseline} at the same share. ",
    )
    return [*ratios, *fractions]


def _gallery(
    study: StudyView,
    stem: str,
    title: str,
    place_label: str,
    is_wanted: Callable[[Condition, Condition], bool],
    place_of: Callable[[Condition], float],
    remark: str,
) -> list[Block]:
    lines = {c["name"]: _lines(study, c["name"], is_wanted, place_of) for c in study.classifiers}
    rows = [row for found in lines.values() for line in found for row in line.rows]
    if len({place for found in lines.values() for line in found for place in line.places}) < 2:
        return []
    limits = shared_limits(rows)
    drawings: list[Drawing] = [
        draw_condition_curves(
            lines[classifier["name"]],
            name=f"{stem}-{file_stem(classifier['name'])}",
            title=classifier["title"],
            place_label=place_label,
            difference_label="difference (points)",
            caption="",
            limits=limits,
            mark=study.run.mark,
        )
        for classifier in study.classifiers
        if lines[classifier["name"]]
    ]
    return [Gallery(title, drawings, remark + _READING.format(confidence=study.confidence))]


def _lines(
    study: StudyView,
    classifier: str,
    is_wanted: Callable[[Condition, Condition], bool],
    place_of: Callable[[Condition], float],
) -> list[ConditionLine]:
    """One per arm, the arm that the question is about first."""
    lines = []
    rows = [row for row in study.all_differences(classifier) if row["metric"] == study.main_metric]
    for arm in sorted(study.other_arms, key=lambda arm: arm != GAN_ARM):
        points = _points(study, arm, rows, is_wanted, place_of)
        if points:
            places = sorted(points)
            lines.append(ConditionLine(arm, study.arm_color(arm), places, [points[place] for place in places]))
    return lines


def _points(
    study: StudyView,
    arm: str,
    rows: list[dict[str, Any]],
    is_wanted: Callable[[Condition, Condition], bool],
    place_of: Callable[[Condition], float],
) -> dict[float, Mapping[str, Any]]:
    usual = study.usual.get(arm, Condition())
    found = [(condition_of(row), row) for row in rows if row["arm"] == arm]
    return {place_of(condition): row for condition, row in found if is_wanted(usual, condition)}
