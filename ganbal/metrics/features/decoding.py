"""One image file to pixels, the way pytorch-fid sees it."""

import hashlib
import os
from pathlib import Path

import numpy as np
from PIL import Image

from ganbal.data.decoding import UnreadableImageError, to_grey

_GREY_MODES = frozenset(["1", "L", "LA"])
_DEEP_MODES = ("I", "F")


def decode(path: Path) -> np.ndarray:
    """Decode one image.

    Eight-bit files give exactly what `PIL.Image.convert("RGB")` gives: alpha is dropped, palettes are looked up,
    orientation tags are not applied. Grey ones come back with one channel. Deeper ones, which PIL would clip to white,
    are scaled as they are everywhere in ganbal.

    Returns:
        uint8 (H, W) or (H, W, 3).

    Raises:
        UnreadableImageError: not an image, truncated, or too large to be one.
    """
    try:
        with Image.open(path) as image:
            image.load()
            if image.mode.startswith(_DEEP_MODES):
                return to_grey(image)
            return np.asarray(image.convert("L" if image.mode in _GREY_MODES else "RGB"))
    except UnreadableImageError:
        raise
    # PIL's readers answer damaged files with nearly every exception there is (SyntaxError, struct.error, …).
    except Exception as error:
        raise UnreadableImageError(" ".join(str(error).split()) or type(error).__name__) from error


def worker_count() -> int:
    """How many threads decode at once."""
    return max(2, min(16, os.cpu_count() or 1))


def digest_file(path: Path) -> bytes:
    """SHA-256 of a file's bytes; of one that cannot be opened, of the reason, so that decoding gets to tell it."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        return hashlib.sha256(f"cannot be read: {error.strerror}".encode()).digest()
