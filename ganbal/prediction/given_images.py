"""From the files and folders that a user names to grey squares."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ganbal.data.decoding import UnreadableImageError, decode_file
from ganbal.errors import InputError
from ganbal.synthesis.synthetic_png import MARK

_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff"}


@dataclass(frozen=True)
class GivenImage:
    """One file: its pixels (S, S) uint8, or why it has none, and whether it is marked as synthetic."""

    file: Path
    pixels: np.ndarray | None
    problem: str | None = None
    is_synthetic: bool = False


def find_given(places: Sequence[Path]) -> list[Path]:
    """The named files as they are, and all images in and below the named folders, in order of name.

    Raises:
        InputError: a path does not exist, or a folder holds no image.
    """
    files: list[Path] = []
    for place in places:
        if place.is_dir():
            inside = sorted(path for path in place.rglob("*") if path.suffix.lower() in _SUFFIXES and path.is_file())
            if not inside:
                raise _not_there(f"images ({', '.join(sorted(_SUFFIXES))}) in {place}", "none")
            files += inside
        elif place.exists():
            files.append(place)
        else:
            raise _not_there(f"an image or a folder of images at {place}", "nothing")
    return list(dict.fromkeys(files))


def read_given(files: Sequence[Path], size_px: int) -> Iterator[GivenImage]:
    """Each file, decoded and resized exactly like the images of the study."""
    for file in files:
        try:
            pixels = decode_file(file, [size_px]).squares[size_px]
        except UnreadableImageError as error:
            yield GivenImage(file, None, problem=str(error))
        else:
            yield GivenImage(file, pixels, is_synthetic=_is_marked_synthetic(file))


def _is_marked_synthetic(file: Path) -> bool:
    """Whether the file's text (PNG) or comment (JPEG) is the mark that synthetic images carry."""
    start = MARK.partition(":")[0]
    try:
        with Image.open(file, formats=("PNG", "JPEG")) as image:
            texts = [image.info.get("Description"), image.info.get("comment")]
    except (OSError, ValueError):
        return False
    said = [text.decode("latin-1") if isinstance(text, bytes) else text for text in texts]
    return any(isinstance(text, str) and text.startswith(start) for text in said)


def _not_there(expected: str, found: str) -> InputError:
    return InputError(expected=expected, found=found, action="Correct the path.")
