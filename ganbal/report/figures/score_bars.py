"""Scores beside their floor: what two halves of the real images score against each other."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

from ganbal.report import number_text
from ganbal.report.figures.drawing import COLOURS, Sheet, render, shorten
from ganbal.report.page import Drawing

WIDTH_PX = 430
_TOP, _ROW_PX, _LEFT, _RIGHT = 24, 44, 118, 60


def draw_scores(scores: Sequence[Mapping[str, Any]], mark: str | None) -> Drawing:
    """One row a score, each on its own scale from 0: the floor as a grey band, the score as a dot.

    The dot is the score at the floor's number of images where that is known, since only that compares.
    """
    height = _TOP + _ROW_PX * len(scores) + 6

    def draw(sheet: Sheet) -> None:
        sheet.title("Scores beside real against real")
        for number, score in enumerate(scores):
            top = _TOP + number * _ROW_PX
            sheet.text(0, top + 16, shorten(str(score["title"]), 17), size=11)
            _draw_row(sheet.axes(_LEFT, top + 4, _RIGHT, height - top - 28), score)
            sheet.text(WIDTH_PX - _RIGHT + 10, top + 16, number_text.score(_shown(score)), size=11, weight="bold")

    told = "; ".join(
        f"{score['title']} {number_text.score(_shown(score))} against a floor of {_floor_in_words(score)}"
        for score in scores
    )
    return render(
        draw,
        name="scores",
        width_px=WIDTH_PX,
        height_px=height,
        caption="Dot and number: the synthetic images. Line and band: real images against real ones, at the same "
        "number of images where that was measured. Every row has its own scale; what each score was computed with "
        "stands in the table.",
        alt=f"Scores beside their real-versus-real floor. {told}.",
        mark=mark,
    )


def _draw_row(axes: Axes, score: Mapping[str, Any]) -> None:
    floor = score["floor"]
    interval = score.get("interval") if floor.get("score_at_n") is None else None
    known = [_shown(score), *(interval or []), floor["value"], floor.get("low"), floor.get("high")]
    values = [0.0, *(value for value in known if number_text.is_known(value))]
    low, high = min(values), max(values)
    pad = 0.06 * (high - low or 1.0)
    axes.set_xlim(low - pad, high + pad)
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.set_xticks([low, high] if low < 0 else [0, high], labels=[number_text.score(v) for v in (min(low, 0), high)])
    axes.tick_params(axis="x", labelsize=9.5, pad=1)
    axes.grid(visible=False)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(side == "bottom")
    if number_text.is_known(floor.get("low")) and number_text.is_known(floor.get("high")):
        axes.axvspan(floor["low"], floor["high"], color=COLOURS["muted"], alpha=0.3, linewidth=0)
    if number_text.is_known(floor["value"]):
        axes.axvline(floor["value"], color=COLOURS["muted"], linewidth=1.6)
    if interval:
        axes.plot(interval, [0.5, 0.5], color=COLOURS["teal"], linewidth=2.2)
    axes.plot([_shown(score)], [0.5], "o", color=COLOURS["teal"], markersize=7, clip_on=False)


def _shown(score: Mapping[str, Any]) -> float:
    at_floor = score["floor"].get("score_at_n")
    return float(at_floor if number_text.is_known(at_floor) else score["value"])


def _floor_in_words(score: Mapping[str, Any]) -> str:
    floor = score["floor"]
    text = number_text.score(floor["value"])
    reach = number_text.score_interval(floor.get("low"), floor.get("high"))
    return text if reach == number_text.UNKNOWN else f"{text} ({reach})"
