"""Scores beside their floor: which direction is better, and whether synthetic images reach the range of real ones."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

from ganbal.report.figures.drawing import COLORS, Sheet, render, shorten
from ganbal.report.page import Drawing
from ganbal.runtime import number_text
from ganbal.runtime.number_text import is_known

WIDTH_PX = 470
_TOP, _ROW_PX, _LEFT, _RIGHT = 24, 46, 128, 84


def direction(score: Mapping[str, Any]) -> str:
    """`lower is better`, `0.5 is best`; empty where the file does not say."""
    if score["better"] in ("lower", "higher"):
        return f"{score['better']} is better"
    return f"{number_text.score(score['best'])} is best" if is_known(score["best"]) else ""


def reaches_floor(score: Mapping[str, Any]) -> bool | None:
    """Whether the synthetic images score within or better than the range of real images; None where unknown."""
    floor, value = score["floor"] or {}, shown_value(score)
    ends = [end for name in ("low", "value", "high") if (end := floor.get(name)) is not None]
    if value is None or not ends or not direction(score):
        return None
    if score["better"] == "lower":
        return value <= max(ends)
    if score["better"] == "higher":
        return value >= min(ends)
    best = score["best"]
    return abs(value - best) <= max(abs(end - best) for end in ends)


def shown_value(score: Mapping[str, Any]) -> float | None:
    """The score at the floor's number of images where that is known, since only scores at the same number are
    comparable."""
    at_floor = (score["floor"] or {}).get("score_at_n")
    return score["value"] if at_floor is None else at_floor


def draw_scores(scores: Sequence[Mapping[str, Any]], mark: str | None) -> Drawing:
    """One row per score, each on its own scale: the floor as a gray band, the score as a dot.

    The dot is green where it reaches the floor's range and red where it does not.
    """
    height = _TOP + _ROW_PX * len(scores) + 6

    def draw(sheet: Sheet) -> None:
        sheet.title("Synthetic images beside real against real")
        for number, score in enumerate(scores):
            top = _TOP + number * _ROW_PX
            sheet.text(0, top + 13, shorten(str(score["title"]), 19), size=11)
            sheet.text(0, top + 28, direction(score), size=9.5, color=COLORS["muted"])
            _draw_row(sheet.axes(_LEFT, top + 4, _RIGHT, height - top - 28), score)
            sheet.text(
                WIDTH_PX - _RIGHT + 10,
                top + 16,
                f"{number_text.score(shown_value(score))} {_word(score)}",
                size=11,
                weight="bold",
                color=COLORS[_color(score)],
            )

    phrases = "; ".join(
        f"{score['title']} {number_text.score(shown_value(score))} against a floor of {_floor_in_words(score)}, "
        f"{direction(score) or 'no direction'}"
        for score in scores
    )
    return render(
        draw,
        name="scores",
        width_px=WIDTH_PX,
        height_px=height,
        caption="Dot and number: the synthetic images. Line and band: real images against real ones (the floor), at "
        "the same number of images where that was measured. ✓ green: as good as real images; ✗ red: not. Every row has "
        "its own scale.",
        alt=f"Scores beside their real-versus-real floor. {phrases}.",
        mark=mark,
    )


def _draw_row(axes: Axes, score: Mapping[str, Any]) -> None:
    floor, value = score["floor"], shown_value(score)
    interval = score["interval"] if floor["score_at_n"] is None and len(score["interval"] or ()) == 2 else None
    known = [value, score["best"], *(interval or []), floor["value"], floor["low"], floor["high"]]
    values = [0.0, *(one for one in known if is_known(one))]
    low, high = min(values), max(values)
    pad = 0.06 * (high - low or 1.0)
    axes.set_xlim(low - pad, high + pad)
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.set_xticks([low, high], labels=[number_text.score(one) for one in (low, high)])
    axes.tick_params(axis="x", labelsize=9.5, pad=1)
    axes.grid(visible=False)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(side == "bottom")
    if is_known(floor["low"]) and is_known(floor["high"]):
        axes.axvspan(floor["low"], floor["high"], color=COLORS["muted"], alpha=0.3, linewidth=0)
    if is_known(floor["value"]):
        axes.axvline(floor["value"], color=COLORS["muted"], linewidth=1.6)
    color = COLORS[_color(score)]
    if interval:
        axes.plot(interval, [0.5, 0.5], color=color, linewidth=2.2)
    axes.plot([value or 0.0], [0.5], "o", color=color, markersize=7, clip_on=False)


def _color(score: Mapping[str, Any]) -> str:
    return {True: "good", False: "bad", None: "slate"}[reaches_floor(score)]


def _word(score: Mapping[str, Any]) -> str:
    return {True: "✓", False: "✗", None: ""}[reaches_floor(score)]


def _floor_in_words(score: Mapping[str, Any]) -> str:
    floor = score["floor"]
    text = number_text.score(floor["value"])
    reach = number_text.score_interval(floor["low"], floor["high"])
    return text if reach == number_text.UNKNOWN else f"{text} ({reach})"
