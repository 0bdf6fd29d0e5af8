"""The images of a data set before any of them is opened."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

IMAGE_ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff")
SPLIT_CALLED = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
"""Split by the name, in lower case, that a folder or a CSV calls it."""

Layout = Literal["kaggle", "flat", "csv"]


@dataclass(frozen=True, order=True)
class FoundImage:
    """One image file.

    `file_name` is a POSIX path relative to the source's root (absolute where a CSV names a file elsewhere); `split` is
    "train", "val" or "test", or None where the set has no splits; `patient` is None where only the name can tell.
    """

    file_name: str
    class_name: str
    split: str | None
    patient: str | None


@dataclass(frozen=True)
class Source:
    """A data set as found on disk.

    `given` is what the user named, `root` the folder that file names start from; `images` are in the order of their
    names, which differ; `remarks` are things a user should be told of that do not stand in the way.
    """

    given: Path
    root: Path
    layout: Layout
    images: tuple[FoundImage, ...]
    remarks: tuple[str, ...] = ()

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(sorted({image.class_name for image in self.images}))


def is_image_name(name: str) -> bool:
    """Whether a file of this name is to be opened as an image."""
    return name.lower().endswith(IMAGE_ENDINGS) and not name.startswith(".")
