"""How many images each class has in each split."""

from collections.abc import Mapping, Sequence

from ganbal.report.figures.drawing import COLORS, Sheet, render, shorten
from ganbal.report.page import Drawing
from ganbal.runtime import number_text

WIDTH_PX = 430
_LEFT, _TOP, _BAR_PX, _HEADING_PX = 118, 24, 18, 22
_CLASS_COLORS = ("teal", "ochre", "violet", "green", "rose", "blue", "brown", "olive", "steel")


def draw_counts(counts: Mapping[str, Mapping[str, float]], classes: Sequence[str], mark: str | None) -> Drawing:
    """Bars grouped by split, with the number at each bar's end."""
    splits = [split for split in counts if sum(counts[split].values())]
    height = _TOP + 6 + len(splits) * (_HEADING_PX + _BAR_PX * len(classes))
    most = max((n for split in splits for n in counts[split].values()), default=1)
    reach = WIDTH_PX - _LEFT - 60

    def draw(sheet: Sheet) -> None:
        sheet.title("Images by split and class")
        axes = sheet.axes(0, _TOP, 0, 0)
        axes.set_xlim(0, WIDTH_PX)
        axes.set_ylim(height - _TOP, 0)
        axes.axis("off")
        y = 0.0
        for split in splits:
            axes.text(0, y + _HEADING_PX - 8, split, weight="bold", size=10.5, va="center_baseline")
            y += _HEADING_PX
            for number, name in enumerate(classes):
                count = int(counts[split].get(name, 0))
                color = COLORS[_CLASS_COLORS[number % len(_CLASS_COLORS)]]
                length = reach * count / most
                axes.text(10, y + _BAR_PX / 2, shorten(name, 15), size=11, va="center_baseline")
                axes.barh(y + _BAR_PX / 2, length, _BAR_PX - 5, left=_LEFT, color=color, linewidth=0)
                axes.text(_LEFT + length + 6, y + _BAR_PX / 2, number_text.count(count), size=11, va="center_baseline")
                y += _BAR_PX

    phrases = "; ".join(
        f"{split}: {', '.join(f'{name} {number_text.count(counts[split].get(name, 0))}' for name in classes)}"
        for split in splits
    )
    return render(
        draw,
        name="class-counts",
        width_px=WIDTH_PX,
        height_px=height,
        caption="Images by split and class, as this run used them.",
        alt=f"Bar chart of image counts. {phrases}.",
        mark=mark,
    )
