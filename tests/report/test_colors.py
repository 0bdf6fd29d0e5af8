"""The page's colors by the WCAG 2.1 formula, as they stand in the style sheet."""

import re
from pathlib import Path

import pytest

import ganbal.report
from ganbal.report.figures.drawing import COLORS

CSS = (Path(ganbal.report.__file__).parent / "templates" / "report.css").read_text(encoding="utf-8")
ENOUGH_FOR_TEXT, ENOUGH_FOR_LINES = 4.5, 3.0
TEXT_ON = {
    "paper": ("ink", "muted", "accent", "good", "bad", "caution"),
    "faint": ("ink", "muted"),
    "card": ("ink", "accent"),
    "caution-paper": ("ink", "caution"),
    "bad-paper": ("ink", "bad"),
    "good-paper": ("ink", "good"),
    "bad": ("paper",),
}


def luminance(color: str) -> float:
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def scheme(name: str) -> dict[str, str]:
    light = CSS[CSS.index(":root {") : CSS.index("@media screen and (prefers-color-scheme: dark)")]
    dark = CSS[CSS.index("@media screen and (prefers-color-scheme: dark)") : CSS.index("*, *::before")]
    figure = {f"figure-{color}": code for color, code in COLORS.items()}
    found = figure | dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light))
    return found | dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", dark)) if name == "dark" else found


def test_the_formula():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)  # the gray that just fails


@pytest.mark.parametrize("name", ["light", "dark"])
def test_text_can_be_read(name):
    colors = scheme(name)
    found = {(text, under): contrast(colors[text], colors[under]) for under, on in TEXT_ON.items() for text in on}
    assert {pair: value for pair, value in found.items() if value < ENOUGH_FOR_TEXT} == {}


@pytest.mark.parametrize("name", ["light", "dark"])
def test_figures_can_be_read(name):
    colors = scheme(name)
    lines = set(COLORS) - {"paper", "hollow", "rule"}  # a grid may be faint
    found = {line: contrast(colors[f"figure-{line}"], colors["paper"]) for line in lines}
    assert {line: value for line, value in found.items() if value < ENOUGH_FOR_LINES} == {}
    words = {"ink", "muted", "slate", "good", "bad"}
    assert {line: found[line] for line in words if found[line] < ENOUGH_FOR_TEXT} == {}
