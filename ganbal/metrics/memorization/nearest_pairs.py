"""A picture of synthetic images beside the training images they resemble most."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

_TILE_PX, _GAP_PX, _CAPTION_PX, _PAIRS_PER_ROW = 160, 6, 30, 5


@dataclass(frozen=True)
class Pair:
    """One synthetic image with its nearest training image."""

    synthetic: np.ndarray
    """uint8 (H, W) or (H, W, 3)."""
    training: np.ndarray
    caption: str
    """One or two lines."""


def draw_pairs(pairs: Sequence[Pair]) -> Image.Image:
    """Pairs in rows of five: synthetic on the left, training on the right, the caption below."""
    assert pairs, "at least one pair"
    width, height = 2 * _TILE_PX + 2 * _GAP_PX, _TILE_PX + _GAP_PX + _CAPTION_PX
    rows, columns = -(-len(pairs) // _PAIRS_PER_ROW), min(len(pairs), _PAIRS_PER_ROW)
    canvas = Image.new("RGB", (columns * width + _GAP_PX, rows * height + _GAP_PX), "white")
    draw = ImageDraw.Draw(canvas)
    for number, pair in enumerate(pairs):
        row, column = divmod(number, _PAIRS_PER_ROW)
        left, top = _GAP_PX + column * width, _GAP_PX + row * height
        for place, pixels in enumerate((pair.synthetic, pair.training)):
            tile = Image.fromarray(pixels).convert("RGB").resize((_TILE_PX, _TILE_PX), Image.Resampling.BICUBIC)
            canvas.paste(tile, (left + place * _TILE_PX, top))
        draw.multiline_text((left, top + _TILE_PX + 2), pair.caption, fill="black", spacing=2)
    return canvas
