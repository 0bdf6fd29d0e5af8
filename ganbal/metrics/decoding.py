"""One image file to pixels, the way pytorch-fid sees it, and deep images besides."""

import hashlib
import os
from pathlib import Path

import numpy as np
from PIL import Image

_GREY_MODES = frozenset(["1", "L", "LA"])
_DEEP_MODES = ("I", "F")
_TWELVE_BITS, _SIXTEEN_BITS = 4095, 65535


def decode(path: Path) -> np.ndarray:
    """Decode one image.

    Eight-bit files give exactly what `PIL.Image.convert("RGB")` gives: alpha is dropped, palettes are looked up,
    orientation tags are not applied. Grey ones come back with one channel. Deeper ones, which PIL would clip to white,
    are scaled: 12-bit ranges (nothing above 4095) by 4095, 16-bit ranges by 65535, floating point by its own range.

    Returns:
        uint8 (H, W) or (H, W, 3).

    Raises:
        OSError, ValueError: not an image, truncated, or too large to be one.
    """
    try:
        with Image.open(path) as image:
            image.load()
            if image.mode in _GREY_MODES:
                return np.asarray(image.convert("L"))
            if image.mode.startswith(_DEEP_MODES):
                return _to_eight_bits(np.asarray(image, dtype=np.float64))
            return np.asarray(image.convert("RGB"))
    except (SyntaxError, Image.DecompressionBombError) as error:
        # PIL's way of saying that a PNG is broken, or that a file claims billions of pixels.
        raise ValueError(str(error)) from error


def worker_count() -> int:
    """How many threads decode at once."""
    return max(2, min(16, os.cpu_count() or 1))


def digest_file(path: Path) -> bytes:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _to_eight_bits(values: np.ndarray) -> np.ndarray:
    if not np.isfinite(values).all():
        raise ValueError("pixels that are not finite numbers")
    low, high = float(values.min()), float(values.max())
    if low < 0 or high > _SIXTEEN_BITS or high <= 1:
        values, top = values - low, high - low
    else:
        top = _TWELVE_BITS if high <= _TWELVE_BITS else _SIXTEEN_BITS
    return np.rint(values * (255.0 / top) if top else values).astype(np.uint8)
