"""PNG files that say in their own metadata that they are synthetic."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ganbal.runtime.atomic_files import atomic_path

MARK = "SYNTHETIC: drawn by a generative network; not a photograph of a patient."


def write_synthetic_png(path: Path, pixels: np.ndarray, details: Mapping[str, str]) -> None:
    """Write a grey image atomically, with MARK and `details` (model, seed …) as PNG text.

    Args:
        pixels: (H, W) uint8.
    """
    text = PngInfo()
    text.add_text("Description", MARK)
    text.add_text("Software", "ganbal")
    for name, value in details.items():
        text.add_text(f"ganbal:{name}", value)
    with atomic_path(path) as temporary:
        Image.fromarray(pixels, mode=None).save(temporary, format="PNG", pnginfo=text)


def tile(images: np.ndarray, columns: int, gap_px: int = 2) -> np.ndarray:
    """Lay images out in rows of `columns` with black gaps between.

    Args:
        images: (N, S, S) uint8.

    Returns:
        (rows·S + gaps, columns·S + gaps) uint8; missing places in the last row are black.
    """
    count, height, width = images.shape
    rows = -(-count // columns)
    sheet = np.zeros((rows * (height + gap_px) - gap_px, columns * (width + gap_px) - gap_px), dtype=np.uint8)
    for index, image in enumerate(images):
        top, left = index // columns * (height + gap_px), index % columns * (width + gap_px)
        sheet[top : top + height, left : left + width] = image
    return sheet
