"""Right and wrong test images with the heat maps of what the classifier saw, as one picture."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ganbal.runtime.atomic_files import atomic_path, write_json
from ganbal.study.cases import SHOWN_OF_A_KIND, Case

_TILE_PX, _GAP_PX, _TITLE_PX = 150, 8, 34
_FONT_PX = 12
# Cold places show the image as it is, hot ones the colour with the image still visible below.
_MOST_COLOUR = 0.6
_RIGHT, _WRONG, _INK, _PAPER = (0, 110, 60), (176, 0, 32), (30, 30, 30), (255, 255, 255)


def draw_cases(kinds: Sequence[Sequence[Case]], pixels: np.ndarray, heat: np.ndarray | None) -> Image.Image:
    """A row for every kind; each case as its image, and beside it the heat map over the image where there are any.

    Args:
        pixels: (N, S, S) uint8, the images of all cases in the order of `kinds`.
        heat: (N, S, S) float in [0, 1] for the same; None draws the images alone.

    Returns:
        RGB; above each case what it shows, what it was called and with which probability.
    """
    assert sum(map(len, kinds)) == len(pixels)
    case_width = _TILE_PX * (1 if heat is None else 2)
    width = SHOWN_OF_A_KIND * (case_width + _GAP_PX) + _GAP_PX
    row_height = _TITLE_PX + _TILE_PX + _GAP_PX
    sheet = Image.new("RGB", (width, len(kinds) * row_height + _GAP_PX), _PAPER)
    number = 0
    for row, cases in enumerate(kinds):
        for column, case in enumerate(cases):
            place = (_GAP_PX + column * (case_width + _GAP_PX), _GAP_PX + row * row_height)
            _title(sheet, place, case, case_width)
            sheet.paste(_tile(pixels[number]), (place[0], place[1] + _TITLE_PX))
            if heat is not None:
                tile = overlay(pixels[number], heat[number])
                sheet.paste(_tile(tile), (place[0] + _TILE_PX, place[1] + _TITLE_PX))
            number += 1
    return sheet


def overlay(pixels: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """The grey image (S, S) uint8 with the heat map (S, S) in [0, 1] over it: (S, S, 3) uint8."""
    grey = np.repeat(pixels[:, :, None].astype(np.float64), 3, axis=2)
    colours = 255 * matplotlib.colormaps["inferno"](heat)[:, :, :3]
    share = _MOST_COLOUR * heat[:, :, None].astype(np.float64)
    return np.rint((1 - share) * grey + share * colours).astype(np.uint8)


def write_cases(kinds: Sequence[Sequence[Case]], pixels: np.ndarray, heat: np.ndarray | None, folder: Path) -> None:
    """cases.png and cases.json, which tells what the picture shows, into the folder of a cell."""
    with atomic_path(folder / "cases.png") as temporary:
        draw_cases(kinds, pixels, heat).save(temporary, format="PNG")
    cases = [[case.facts() for case in cases] for cases in kinds]
    write_json(folder / "cases.json", {"has_heat_maps": heat is not None, "kinds": cases})


def _tile(image: np.ndarray) -> Image.Image:
    return Image.fromarray(image).convert("RGB").resize((_TILE_PX, _TILE_PX), Image.Resampling.BICUBIC)


def _title(sheet: Image.Image, place: tuple[int, int], case: Case, width_px: int) -> None:
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=_FONT_PX)
    lines = [f"true: {case.true}", f"predicted {case.predicted}, {case.probability:.2f}"]
    for number, line in enumerate(lines):
        colour = _INK if number == 0 else _RIGHT if case.is_right else _WRONG
        while len(line) > 4 and draw.textlength(line, font=font) > width_px:
            line = line[:-2].rstrip("… ") + "…"
        draw.text((place[0], place[1] + number * (_FONT_PX + 3)), line, fill=colour, font=font)
