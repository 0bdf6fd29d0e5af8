"""Confusion matrices: rows are the true class, columns the predicted one."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from ganbal.report.figures.drawing import COLORS, Sheet, render, shorten
from ganbal.report.page import Block, Drawing, Gallery, file_stem
from ganbal.report.study_view import StudyView
from ganbal.runtime import number_text
from ganbal.runtime.number_text import plural

_LEFT, _TOP, _BOTTOM = 92, 62, 4
_CELL_PX = {2: 74, 3: 62, 4: 56}
_SMALL_CELL_PX = 48


def confusion_gallery(study: StudyView) -> list[Block]:
    """One confusion matrix per classifier and arm, summed over seeds."""
    drawings = []
    for classifier in study.classifiers:
        for arm in study.arms:
            found = _matrices(study, classifier["name"], arm)
            if found:
                drawings.append(
                    draw_confusion(
                        np.sum(found, axis=0),
                        study.classes,
                        name=f"confusion-{file_stem(classifier['name'])}-{file_stem(arm)}",
                        title=f"{arm} · {classifier['title']}",
                        num_seeds=len(found),
                        mark=study.run.mark,
                    )
                )
    remark = (
        f"Summed over {plural(len(study.seeds), 'seed')}: every test image counts once per seed. Rows are the true "
        f"class, columns the predicted one{' at threshold 0.5' if study.positive_class else ''}.{study.positive_words}"
    )
    return [Gallery("Confusion matrices", drawings, remark)] if drawings else []


def _matrices(study: StudyView, classifier: str, arm: str) -> list[np.ndarray]:
    """(C, C) counts of every seed that has them."""
    size = len(study.classes)
    rows = [cell.metrics["confusion_matrix"] for cell in study.cells(classifier, arm) if cell.metrics]
    square = [matrix for matrix in rows if len(matrix) == size and all(len(row) == size for row in matrix)]
    return [np.array(matrix, dtype=float) for matrix in square if size]


def draw_confusion(
    matrix: np.ndarray, classes: Sequence[str], *, name: str, title: str, num_seeds: int, mark: str | None
) -> Drawing:
    """One matrix: counts, and the share of the true class, by which a field is shaded.

    Args:
        matrix: (C, C) counts, summed over `num_seeds`.
    """
    cell = _CELL_PX.get(len(classes), _SMALL_CELL_PX)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    size = cell * len(classes)
    summed = number_text.plural(num_seeds, "seed")

    def draw(sheet: Sheet) -> None:
        sheet.title(title)
        axes = sheet.axes(_LEFT, _TOP, 4, _BOTTOM)
        axes.set_xlim(0, size)
        axes.set_ylim(size, 0)
        axes.axis("off")
        sheet.text(_LEFT, 32, f"predicted (sum of {summed})", size=10, color=COLORS["muted"])
        sheet.text(0, 50, "true", size=10, color=COLORS["muted"])
        for column, class_name in enumerate(classes):
            x = _LEFT + (column + 0.5) * cell
            sheet.text(x, 50, shorten(class_name, cell // 7), size=10.5, ha="center")
        for row, class_name in enumerate(classes):
            sheet.text(0, _TOP + (row + 0.5) * cell, shorten(class_name, 13), size=10.5)
            for column in range(len(classes)):
                _draw_field(axes, row, column, cell, float(matrix[row, column]), float(shares[row, column]))

    phrases = "; ".join(
        f"{classes[row]} predicted {classes[column]}: {matrix[row, column]:.0f} ({shares[row, column]:.0%})"
        for row in range(len(classes))
        for column in range(len(classes))
    )
    return render(
        draw,
        name=name,
        width_px=_LEFT + size + 4,
        height_px=_TOP + size + _BOTTOM,
        caption="",
        alt=f"Confusion matrix, {title}, summed over {summed}, percent of the true class. {phrases}.",
        mark=mark,
    )


def _draw_field(axes: Axes, row: int, column: int, cell: int, count: float, share: float) -> None:
    color = COLORS["teal" if row == column else "bad"]
    corner = (column * cell + 1, row * cell + 1)
    axes.add_patch(Rectangle(corner, cell - 2, cell - 2, facecolor=color, alpha=0.06 + 0.4 * share, linewidth=0))
    x, y = (column + 0.5) * cell, (row + 0.5) * cell
    axes.text(x, y - 7, f"{100 * share:.0f} %", ha="center", va="center", size=13, weight="bold")
    axes.text(x, y + 11, number_text.count(count), ha="center", va="center", size=10, color=COLORS["ink"])
