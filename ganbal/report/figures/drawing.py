"""Figures with matplotlib: one SVG for the page, another for a file, and a PNG."""

import io
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from ganbal.report.page import Drawing, printable

COLORS = {
    "ink": "#1c2126",
    "muted": "#5a646e",
    "rule": "#d2d7db",
    "paper": "#ffffff",
    "hollow": "#fefefe",
    "slate": "#4d5863",
    "teal": "#00727f",
    "ochre": "#a05f00",
    "violet": "#74489c",
    "green": "#3c7a1e",
    "rose": "#ae2f68",
    "blue": "#275eb0",
    "brown": "#7a523f",
    "olive": "#6b6b00",
    "steel": "#437897",
    "good": "#2c7a33",
    "bad": "#b3372a",
}
"""Every color a figure may use, as on white paper; the page gives each another value in dark mode.
`paper` is left out there; `hollow` covers what lies under it with the color of the page."""

PIXELS_PER_INCH = 72
"""One unit of the SVG is one CSS pixel."""
_PNG_SCALE = 2
_MARK_HEIGHT_PX = 20
_LETTER_PX = 6.6
"""Upper estimate of a letter's width at the default size."""

_STYLE: dict[str, Any] = {
    "figure.facecolor": COLORS["paper"],
    "savefig.facecolor": COLORS["paper"],
    "axes.facecolor": "none",
    "axes.edgecolor": COLORS["muted"],
    "axes.labelcolor": COLORS["muted"],
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "axes.formatter.useoffset": False,
    "grid.color": COLORS["rule"],
    "grid.linewidth": 0.7,
    "font.family": "DejaVu Sans",  # comes with matplotlib, so that figures are the same on every machine
    "font.size": 11.5,
    "axes.labelsize": 11.5,
    "xtick.labelsize": 11,
    "ytick.labelsize": 11,
    "text.color": COLORS["ink"],
    "text.parse_math": False,  # a class name may contain dollar signs
    "xtick.color": COLORS["muted"],
    "ytick.color": COLORS["muted"],
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "lines.linewidth": 1.6,
    "lines.solid_capstyle": "round",
    "path.simplify": True,
    "svg.fonttype": "none",
}


@dataclass(frozen=True)
class Sheet:
    """A figure measured in pixels from its upper left corner."""

    figure: Figure
    width_px: float
    height_px: float

    def axes(self, left: float, top: float, right: float, bottom: float) -> Axes:
        """Axes with these margins in pixels on the four sides; `bottom` counts from `height_px`."""
        total = self.figure.get_figheight() * PIXELS_PER_INCH
        height = self.height_px - top - bottom
        return self.figure.add_axes(
            (
                left / self.width_px,
                1 - (top + height) / total,
                (self.width_px - left - right) / self.width_px,
                height / total,
            )
        )

    def text(self, x: float, y: float, text: str, **style: Any) -> None:
        """Text whose middle is `y` pixels below the upper edge."""
        total = self.figure.get_figheight() * PIXELS_PER_INCH
        options = {"va": "center"} | style
        self.figure.text(x / self.width_px, 1 - y / total, text, **options)

    def title(self, text: str) -> None:
        self.text(0, 9, shorten(text, int(self.width_px / _LETTER_PX)), weight="bold")

    def legend(self, entries: Sequence["LegendEntry"], top: float) -> None:
        """Swatches with their names in rows, as `legend_rows` lays them out."""
        total = self.figure.get_figheight() * PIXELS_PER_INCH
        for row_number, row in enumerate(legend_rows(entries, self.width_px)):
            y, x = top + row_number * 17, 0.0
            for entry in row:
                swatch = Line2D(
                    [x / self.width_px, (x + 16) / self.width_px],
                    [1 - y / total] * 2,
                    color=COLORS[entry.color],
                    linestyle=entry.dash,
                    linewidth=2.2,
                )
                self.figure.add_artist(swatch)
                self.text(x + 21, y, entry.name, size=11)
                x += entry.width_px


@dataclass(frozen=True)
class LegendEntry:
    """A line's name, its color among COLORS and its dash."""

    name: str
    color: str
    dash: Any = "-"

    @property
    def width_px(self) -> float:
        return 31 + _LETTER_PX * len(self.name)


def legend_rows(entries: Sequence[LegendEntry], width_px: float) -> list[list[LegendEntry]]:
    """The entries in as few rows as fit the width."""
    rows: list[list[LegendEntry]] = [[]]
    for entry in entries:
        if rows[-1] and sum(e.width_px for e in rows[-1]) + entry.width_px > width_px + 16:
            rows.append([])
        rows[-1].append(entry)
    return rows


def render(
    draw: Callable[[Sheet], None],
    *,
    name: str,
    width_px: int,
    height_px: int,
    caption: str,
    alt: str,
    mark: str | None,
) -> Drawing:
    """Let `draw` fill a sheet and encode it; a `mark` is written into the figure itself, at its lower edge.

    The same input gives the same bytes.
    """
    style: Any = _STYLE | {"svg.hashsalt": name}
    full_height = height_px + (_MARK_HEIGHT_PX if mark else 0)
    with mpl.rc_context(style), warnings.catch_warnings():
        # A class name in letters the font lacks is still right in the SVG, whose fonts the reader's machine chooses.
        warnings.filterwarnings("ignore", message="Glyph")
        figure = Figure(figsize=(width_px / PIXELS_PER_INCH, full_height / PIXELS_PER_INCH), dpi=PIXELS_PER_INCH)
        FigureCanvasAgg(figure)
        sheet = Sheet(figure, width_px, height_px)
        draw(sheet)
        if mark:
            sheet.text(0, full_height - 7, mark.upper(), size=9.5, color=COLORS["bad"], weight="bold")
        svg_file, png = _save_svg(figure), _save_png(figure)
    return Drawing(name, caption, alt, _for_page(svg_file, name, alt), svg_file, png, width_px)


def calm_ticks(axes: Axes, *, x: int = 5, y: int = 5) -> None:
    """At most so many ticks on each axis."""
    axes.xaxis.set_major_locator(MaxNLocator(x))
    axes.yaxis.set_major_locator(MaxNLocator(y))


def shorten(text: str, length: int) -> str:
    """The text on one line, cut with an ellipsis where it is longer than `length`."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: max(length - 1, 1)].rstrip() + "…"


def _save_png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=_PNG_SCALE * PIXELS_PER_INCH, metadata={"Software": "ganbal"})
    return buffer.getvalue()


def _save_svg(figure: Figure) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": "ganbal"})
    return printable(buffer.getvalue())


def _for_page(svg: str, name: str, alt: str) -> str:
    """The SVG as part of an HTML page: own ids, colors by CSS variables, the page's font, a text alternative."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<(metadata|style)\b.*?</\1>", "", body, flags=re.DOTALL)
    body = re.sub(r'\bid="([^"]*)"', rf'id="{name}--\1"', body)
    body = re.sub(r'(xlink:href="|url\()#', rf"\1#{name}--", body)
    body = body.replace("xlink:href", "href").replace(' xmlns:xlink="http://www.w3.org/1999/xlink"', "")
    body = re.sub(r"(<svg[^>]*?) width=\"[^\"]*\"", r"\1", body, count=1)
    body = re.sub(r"(<svg[^>]*?) height=\"[^\"]*\"", r"\1", body, count=1)
    for color, code in COLORS.items():
        body = body.replace(code, "none" if color == "paper" else f"var(--figure-{color},{code})")
    body = re.sub(r"font-family: [^;\"]*", "font-family: inherit", body)
    escaped = alt.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    return body.replace("<svg", f'<svg role="img" aria-label="{escaped}"', 1).strip()
