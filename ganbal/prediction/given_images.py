"""From the files and folders that a user names to squares."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ganbal.data.data_warnings import DataWarning
from ganbal.data.decoding import Conversion, decode_file
from ganbal.data.image_formats import IMAGE_SUFFIXES, find_image_files, printable
from ganbal.data.image_limits import UnreadableImageError
from ganbal.errors import InputError
from ganbal.synthesis.synthetic_png import MARK


@dataclass(frozen=True)
class GivenImage:
    """One file: its pixels (S, S) or (S, S, 3) uint8, or why it has none, and whether it is marked as synthetic."""

    file: Path
    pixels: np.ndarray | None
    problem: str | None = None
    is_synthetic: bool = False


def find_given(places: Sequence[Path]) -> tuple[list[Path], list[DataWarning]]:
    """The named files as they are, all images in named folders and below, and warnings on what was left out there.

    Raises:
        InputError: something named is not there, or a folder has no image.
    """
    files: list[Path] = []
    warnings: list[DataWarning] = []
    for place in places:
        if place.is_dir():
            found = find_image_files(place)
            if not found.files:
                there_are_none = f"There are no images ({', '.join(IMAGE_SUFFIXES)}) in {printable(place)}."
                raise _not_there(" ".join([there_are_none, *map(str, found.warnings())]))
            files += found.files
            warnings += found.warnings()
        elif place.exists():
            files.append(place)
        else:
            raise _not_there(f"There is nothing at {printable(place)}.")
    return list(dict.fromkeys(files)), warnings


def read_given(files: Sequence[Path], size_px: int, conversion: Conversion) -> Iterator[GivenImage]:
    """Each file decoded, fitted and resized by `conversion`: as the training images of the classifier were."""
    for file in files:
        try:
            pixels = decode_file(file, [size_px], conversion).squares[size_px]
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


def _not_there(found: str) -> InputError:
    return InputError(
        found=found,
        expected="`ganbal predict` needs images, or folders of images.",
        action="Correct the path.",
    )
