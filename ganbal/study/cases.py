"""Test images that show how a trained classifier is right and wrong, as one picture with heat maps."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from classifiers.evaluation.metrics import predicted_classes
from ganbal.runtime.atomic_files import atomic_path, write_json

CASES_FILES = ("cases.png", "cases.json")
CASES_PER_KIND = 3
_TILE_PX, _GAP_PX, _TITLE_PX, _FONT_PX = 150, 8, 34, 12
# Cold places show the image as it is, hot places the color with the image still visible below.
_MOST_COLOR = 0.6
_RIGHT, _WRONG, _INK, _PAPER = (0, 110, 60), (176, 0, 32), (30, 30, 30), (255, 255, 255)


@dataclass(frozen=True)
class Case:
    """One test image and the classifier's prediction; `row` is its place in the test set."""

    row: int
    file_name: str
    true: str
    predicted: str
    probability: float
    """Of the predicted class."""

    @property
    def is_right(self) -> bool:
        return self.true == self.predicted

    def content(self) -> dict[str, Any]:
        """For cases.json."""
        return asdict(self) | {"is_right": self.is_right}


def choose_cases(
    labels: np.ndarray, probabilities: np.ndarray, file_names: Sequence[str], classes: Sequence[str]
) -> list[list[Case]]:
    """Per class its correctly, then its wrongly classified images, up to three of each kind.

    Of each kind the most certain, the median and the least certain image by the probability of the predicted class:
    neither the best nor the worst alone. Kinds without images are left out.

    Args:
        labels: (N,) int64; probabilities: (N, K).
    """
    predicted = predicted_classes(probabilities)
    certainty = probabilities.max(axis=1)
    kinds = []
    for label in range(len(classes)):
        for is_right in (True, False):
            rows = np.flatnonzero((labels == label) & ((predicted == label) == is_right))
            rows = rows[np.argsort(-certainty[rows], kind="stable")]
            if len(rows) == 0:
                continue
            places = np.unique(np.linspace(0, len(rows) - 1, CASES_PER_KIND).round().astype(int))
            kinds.append(
                [
                    Case(int(row), file_names[row], classes[label], classes[predicted[row]], float(certainty[row]))
                    for row in rows[places]
                ]
            )
    return kinds


def write_cases(kinds: Sequence[Sequence[Case]], pixels: np.ndarray, heat: np.ndarray | None, folder: Path) -> None:
    """Write cases.png, and cases.json with what it shows, into the folder of a cell."""
    picture, content = (folder / name for name in CASES_FILES)
    with atomic_path(picture) as temporary:
        draw_cases(kinds, pixels, heat).save(temporary, format="PNG")
    cases = [[case.content() for case in cases] for cases in kinds]
    write_json(content, {"has_heat_maps": heat is not None, "kinds": cases})


def draw_cases(kinds: Sequence[Sequence[Case]], pixels: np.ndarray, heat: np.ndarray | None) -> Image.Image:
    """One row per kind; per case its image and, where there are heat maps, the image with the heat map over it.

    Args:
        pixels: (N, S, S) or (N, S, S, 3) uint8, the images of all cases in the order of `kinds`.
        heat: (N, S, S) float in [0, 1] for the same images; None draws the images alone.

    Returns:
        RGB; above each case its true class, its predicted class and the probability.
    """
    assert sum(map(len, kinds)) == len(pixels)
    case_width = _TILE_PX * (1 if heat is None else 2)
    width = CASES_PER_KIND * (case_width + _GAP_PX) + _GAP_PX
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
    """The image (S, S) or (S, S, 3) uint8 with the heat map (S, S) in [0, 1] over it: (S, S, 3) uint8."""
    image = np.broadcast_to(pixels.reshape(*heat.shape, -1), (*heat.shape, 3)).astype(np.float64)
    colors = 255 * matplotlib.colormaps["inferno"](heat)[:, :, :3]
    share = _MOST_COLOR * heat[:, :, None].astype(np.float64)
    return np.rint((1 - share) * image + share * colors).astype(np.uint8)


def _tile(image: np.ndarray) -> Image.Image:
    return Image.fromarray(image).convert("RGB").resize((_TILE_PX, _TILE_PX), Image.Resampling.BICUBIC)


def _title(sheet: Image.Image, place: tuple[int, int], case: Case, width_px: int) -> None:
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=_FONT_PX)
    lines = [f"true: {case.true}", f"predicted {case.predicted}, {case.probability:.2f}"]
    for number, line in enumerate(lines):
        color = _INK if number == 0 else _RIGHT if case.is_right else _WRONG
        while len(line) > 4 and draw.textlength(line, font=font) > width_px:
            line = line[:-2].rstrip("… ") + "…"
        draw.text((place[0], place[1] + number * (_FONT_PX + 3)), line, fill=color, font=font)
