"""Forest plots: differences between arms, each with its interval."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import blended_transform_factory

from ganbal.report.figures.drawing import COLORS, Sheet, render, shorten
from ganbal.report.page import Drawing, file_stem
from ganbal.report.study_view import GAN_ARM, StudyView
from ganbal.runtime import number_text

WIDTH_PX = 436
MOST_ROWS, MOST_METRICS = 18, 3
"""Of one plot: what a first screen holds."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 108, 176, 24, 42
_ROW_PX, _HEADING_PX = 19, 23
VERDICT_COLORS = {"helps": "good", "hurts": "bad"}


@dataclass(frozen=True)
class ForestGroup:
    """Rows of summary.json's `differences` under one heading."""

    heading: str
    rows: Sequence[Mapping[str, Any]]


def forest_drawings(study: StudyView) -> list[Drawing]:
    """One plot per classifier against the baseline, then one against each cheap alternative, all on one scale.

    As many metrics as a first screen holds, the main one first; against the alternatives the main one only.
    """
    arms = max(1, len(study.other_arms))
    metrics = study.compared_metrics[: max(1, min(MOST_METRICS, MOST_ROWS // arms))]
    plots = [(study.baseline, metrics), *((arm, metrics[:1]) for arm in study.alternatives)]
    groups = {
        (baseline, classifier["name"]): _groups(study, classifier["name"], baseline, shown)
        for baseline, shown in plots
        for classifier in study.classifiers
    }
    limit = shared_limit([row for found in groups.values() for group in found for row in group.rows])
    return [
        draw_forest(
            groups[baseline, classifier["name"]],
            name=_name(study, classifier["name"], baseline),
            title=f"{classifier['title']}, against {baseline}",
            baseline=baseline,
            limit=limit,
            mark=study.run.mark,
        )
        for baseline, _ in plots
        for classifier in study.classifiers
        if groups[baseline, classifier["name"]]
    ]


def _groups(study: StudyView, classifier: str, baseline: str, metrics: Sequence[str]) -> list[ForestGroup]:
    rows = study.differences(classifier, baseline)
    # The GAN arm first, since the question is about it.
    found = (
        (metric, sorted((row for row in rows if row["metric"] == metric), key=lambda row: row["arm"] != GAN_ARM))
        for metric in metrics
    )
    return [ForestGroup(study.metric_title(metric), of_metric) for metric, of_metric in found if of_metric]


def _name(study: StudyView, classifier: str, baseline: str) -> str:
    name = f"forest-{file_stem(classifier)}"
    return name if baseline == study.baseline else f"{name}-against-{file_stem(baseline)}"


def draw_forest(
    groups: Sequence[ForestGroup],
    *,
    name: str,
    title: str,
    baseline: str,
    limit: float,
    mark: str | None,
) -> Drawing:
    """One row per difference: a square at the mean, a line for the interval, the numbers at the right.

    Args:
        limit: the axis reaches from -limit to limit, in points, so that several plots can share it.
    """
    height = _TOP + _BOTTOM + sum(_HEADING_PX + _ROW_PX * len(group.rows) for group in groups)

    def draw(sheet: Sheet) -> None:
        sheet.title(title)
        axes = sheet.axes(_LEFT, _TOP, _RIGHT, _BOTTOM)
        axes.set_xlim(-limit, limit)
        axes.set_ylim(height - _TOP - _BOTTOM, 0)
        _draw_groups(axes, groups)
        under = f"points of difference to {shorten(baseline, 24)}"
        middle = _LEFT + (WIDTH_PX - _LEFT - _RIGHT) / 2
        sheet.text(middle, height - 8, under, color=COLORS["muted"], size=10.5, ha="center")

    phrases = "; ".join(f"{group.heading}: {', '.join(map(_in_words, group.rows))}" for group in groups)
    return render(
        draw,
        name=name,
        width_px=WIDTH_PX,
        height_px=height,
        caption="",
        alt=f"Forest plot, {title}, differences to {baseline} in points. {phrases}.",
        mark=mark,
    )


def shared_limit(rows: Sequence[Mapping[str, Any]]) -> float:
    """Limit of a symmetric axis, in points, that shows all rows; between 1 and 100."""
    reach = [abs(100 * row[key]) for row in rows for key in ("mean", "low", "high") if number_text.is_known(row[key])]
    return min(max([1.0, *(1.06 * value for value in reach)]), 106.0)


def _draw_groups(axes: Axes, groups: Sequence[ForestGroup]) -> None:
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(5, symmetric=True))
    axes.axvline(0, color=COLORS["ink"], linewidth=1)
    y = 0.0
    for group in groups:
        _beside(axes, -_LEFT, y + _HEADING_PX - 9, shorten(group.heading, 30), weight="bold", size=11)
        y += _HEADING_PX
        for row in group.rows:
            _draw_row(axes, row, y + _ROW_PX / 2)
            y += _ROW_PX


def _draw_row(axes: Axes, row: Mapping[str, Any], y: float) -> None:
    color = COLORS[VERDICT_COLORS.get(str(row["verdict"]), "slate")]
    weight = "bold" if row["arm"] == GAN_ARM else "normal"
    _beside(axes, -_LEFT + 10, y, shorten(str(row["arm"]), 16), size=11, weight=weight)
    if not number_text.is_known(row["mean"]):
        _beside(axes, WIDTH_PX - _LEFT - _RIGHT + 10, y, number_text.UNKNOWN, size=10.5)
        return
    has_interval = number_text.is_known(row["low"]) and number_text.is_known(row["high"])
    if has_interval:
        axes.plot([100 * row["low"], 100 * row["high"]], [y, y], color=color, linewidth=2.2)
    axes.plot(
        [100 * row["mean"]],
        [y],
        marker="s",
        markersize=6.5,
        color=color,
        markerfacecolor=color if has_interval else "none",
        clip_on=False,
    )
    interval = f" ({number_text.points_interval(row['low'], row['high'])})" if has_interval else " (one seed)"
    _beside(
        axes,
        WIDTH_PX - _LEFT - _RIGHT + 10,
        y,
        number_text.points(row["mean"]) + interval,
        size=11,
        color=color,
        weight=weight,
    )


def _beside(axes: Axes, x_px: float, y: float, text: str, **style: Any) -> None:
    """Text `x_px` pixels from the axes' left edge at the height `y` of the axes' own scale."""
    inner = WIDTH_PX - _LEFT - _RIGHT
    place = blended_transform_factory(axes.transAxes, axes.transData)
    axes.text(x_px / inner, y, text, transform=place, va="center_baseline", clip_on=False, **style)


def _in_words(row: Mapping[str, Any]) -> str:
    mean = row["mean"]
    if mean is None or not math.isfinite(mean):
        return f"{row['arm']} not known"
    reach = number_text.points_interval(row["low"], row["high"])
    interval = "no interval" if reach == number_text.UNKNOWN else f"interval {reach}"
    seeds = number_text.plural(row["n"] or 0, "seed")
    return f"{row['arm']} {number_text.points(mean)}, {interval}, {seeds}, {row['verdict']}"
