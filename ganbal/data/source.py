"""A data set as it lies on disk, before any image is opened; every layout of `data.layouts` gives one."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ganbal.data.data_warnings import DataWarning

Layout = Literal["kaggle", "class-first", "flat", "csv", "imagefolder", "npz", "nifti", "parquet"]
"""`kaggle`: SPLIT/CLASS/…; `class-first`: CLASS/SPLIT/…; `flat`: CLASS/…; `csv`: listed in a CSV file; `imagefolder`:
listed in the metadata files of a Hugging Face `imagefolder`; `npz`: arrays; `nifti`: slices of
volumes; `parquet`: encoded images in Parquet files."""


@dataclass(frozen=True, order=True)
class FoundImage:
    """One image file.

    `file_name` is a POSIX path relative to the source's root (absolute where a CSV names a file elsewhere); `split` is
    "train", "val" or "test", or None where the set has no splits; `patient` is None where no column names one; `volume`
    is the path of the volume that a slice is of, None for other images.
    """

    file_name: str
    class_name: str
    split: str | None
    patient: str | None
    volume: str | None = None


@dataclass(frozen=True)
class Source:
    """A data set as found on disk.

    `given` is the path that the user named, `root` the folder that file names start from; `images` are sorted by
    `file_name`, which is unique.
    """

    given: Path
    root: Path
    layout: Layout
    images: tuple[FoundImage, ...]
    warnings: tuple[DataWarning, ...] = ()

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in alphabetical order."""
        return tuple(sorted({image.class_name for image in self.images}))
