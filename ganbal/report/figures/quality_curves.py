"""ROC, precision-recall and reliability plots: one line per arm, over all seeds."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from ganbal.report.curves import (
    GRID_POINTS,
    calibration_error,
    mean_and_range,
    precision_on_grid,
    reliability,
    roc_on_grid,
)
from ganbal.report.figures.drawing import COLORS, LegendEntry, Sheet, legend_rows, render
from ganbal.report.page import Block, Drawing, Fold, Gallery, file_stem
from ganbal.report.study_view import StudyView
from ganbal.runtime.number_text import share

WIDTH_PX = 360
_DASHES: tuple[Any, ...] = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (6, 2, 1.5, 2)), (0, (9, 3)))

Predictions = Sequence[tuple[np.ndarray, np.ndarray]]
"""For every seed: (N,) bool, whether an image is of the class, and (N,) float, its probability."""


def curve_galleries(study: StudyView) -> list[Block]:
    """ROC, precision-recall and reliability curves of each classifier, folded."""
    positive = study.curve_class
    if positive is None:
        return []
    kinds: list[tuple[str, str, Callable[..., Drawing]]] = [
        ("roc", "ROC", draw_roc),
        ("precision-recall", "Precision and recall", draw_precision_recall),
        ("reliability", "Reliability", draw_reliability),
    ]
    blocks: list[Block] = []
    for classifier in study.classifiers:
        name = classifier["name"]
        found = ((arm, study.predictions(name, arm, positive)) for arm in study.arms)
        arms: dict[str, Predictions] = {arm: predictions for arm, predictions in found if predictions}
        if arms:
            colors = {arm: study.arm_color(arm) for arm in arms}
            drawings = [
                draw(arms, colors, name=f"{kind}-{file_stem(name)}", title=title, mark=study.run.mark)
                for kind, title, draw in kinds
            ]
            blocks.append(Gallery(classifier["title"], drawings))
    word = "positive class" if study.positive_class else "class"
    return [Fold(f"ROC, precision-recall and reliability curves ({word} {positive})", blocks)] if blocks else []


def draw_roc(
    arms: Mapping[str, Predictions], colors: Mapping[str, str], *, name: str, title: str, mark: str | None
) -> Drawing:
    """Mean true positive rate at each false positive rate, with the range over seeds shaded."""
    grid = np.linspace(0, 1, GRID_POINTS)

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=COLORS["muted"], linestyle=":", linewidth=1.2)
        for arm, predictions in arms.items():
            curves = [roc_on_grid(truth, probability, grid) for truth, probability in predictions]
            _draw_mean_and_range(axes, grid, curves, arm, arms, colors)
        _label(axes, "false positive rate", "true positive rate")

    return _square(
        draw, arms, colors, name, title, mark, "Mean over seeds at each false positive rate; shaded: all seeds.", "ROC"
    )


def draw_precision_recall(
    arms: Mapping[str, Predictions], colors: Mapping[str, str], *, name: str, title: str, mark: str | None
) -> Drawing:
    """Mean precision at each recall, with the range over seeds shaded; dotted: the class's share of the images."""
    grid = np.linspace(0, 1, GRID_POINTS)
    base = float(np.mean([truth.mean() for predictions in arms.values() for truth, _ in predictions]))

    def draw(axes: Axes) -> None:
        axes.axhline(base, color=COLORS["muted"], linestyle=":", linewidth=1.2)
        for arm, predictions in arms.items():
            curves = [precision_on_grid(truth, probability, grid) for truth, probability in predictions]
            _draw_mean_and_range(axes, grid, curves, arm, arms, colors)
        _label(axes, "recall", "precision")

    caption = f"Mean over seeds at each recall; shaded: all seeds; dotted: chance ({share(base, 2)})."
    return _square(draw, arms, colors, name, title, mark, caption, "Precision-recall")


def draw_reliability(
    arms: Mapping[str, Predictions], colors: Mapping[str, str], *, name: str, title: str, mark: str | None
) -> Drawing:
    """Observed share against predicted probability in ten bins, the predictions of all seeds together."""
    bins = {
        arm: reliability(np.concatenate([t for t, _ in predictions]), np.concatenate([p for _, p in predictions]))
        for arm, predictions in arms.items()
    }

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=COLORS["muted"], linestyle=":", linewidth=1.2)
        for arm, found in bins.items():
            style = {"color": COLORS[colors[arm]], "linestyle": _dash(arm, arms)}
            axes.plot(found.predicted, found.observed, marker="o", markersize=3.5, linewidth=1.6, **style)
        _label(axes, "predicted probability", "observed share")

    errors = ", ".join(f"{arm} {share(calibration_error(found))}" for arm, found in bins.items())
    caption = (
        "Ten bins, all seeds together; on the dotted line, probabilities equal observed frequencies. "
        f"Expected calibration error: {errors}."
    )
    return _square(draw, arms, colors, name, title, mark, caption, "Reliability")


def _draw_mean_and_range(
    axes: Axes,
    grid: np.ndarray,
    curves: Sequence[np.ndarray],
    arm: str,
    arms: Mapping[str, Predictions],
    colors: Mapping[str, str],
) -> None:
    mean, low, high = mean_and_range(curves)
    color = COLORS[colors[arm]]
    if len(curves) > 1:
        axes.fill_between(grid, low, high, color=color, alpha=0.13, linewidth=0)
    axes.plot(grid, mean, color=color, linestyle=_dash(arm, arms), linewidth=1.8)


def _square(
    draw_in: Callable[[Axes], None],
    arms: Mapping[str, Predictions],
    colors: Mapping[str, str],
    name: str,
    title: str,
    mark: str | None,
    caption: str,
    kind: str,
) -> Drawing:
    entries = [LegendEntry(arm, colors[arm], _dash(arm, arms)) for arm in arms]
    legend_height = 17 * len(legend_rows(entries, WIDTH_PX))
    top = 26 + legend_height

    def draw(sheet: Sheet) -> None:
        sheet.title(title)
        sheet.legend(entries, 28)
        axes = sheet.axes(46, top, 10, 40)
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1.005)
        draw_in(axes)

    return render(
        draw,
        name=name,
        width_px=WIDTH_PX,
        height_px=WIDTH_PX - 56 + top + 40,
        caption=caption,
        alt=f"{kind} curves, {title}, of the arms {', '.join(arms)}. {caption}",
        mark=mark,
    )


def _label(axes: Axes, x: str, y: str) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.set_xticks(np.linspace(0, 1, 6))
    axes.set_yticks(np.linspace(0, 1, 6))


def _dash(arm: str, arms: Mapping[str, Predictions]) -> Any:
    return _DASHES[list(arms).index(arm) % len(_DASHES)]
