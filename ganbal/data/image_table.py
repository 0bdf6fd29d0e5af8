"""The table of images: one row per readable image, with class, split, patient and properties of the file."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ganbal.data.decoding import USUAL, Conversion
from ganbal.data.source import Layout
from ganbal.errors import InputError

SPLITS = ("train", "val", "test", "unused")

COLUMNS = (
    "file_name",
    "class_name",
    "label",
    "split",
    "patient",
    "sha256",
    "width_px",
    "height_px",
    "mode",
    "split_found",
)


@dataclass(frozen=True)
class ImageTable:
    """All readable images of a data set.

    An image's label is the index of its class in `classes`; of two classes the second is the positive one (see
    `classes.order_classes`). `conversion` says how the files became squares; its `intensity` is None where no image has
    more than 8 bits.
    `frame` has the index 0 … N-1, in the order of the file names, and the columns

    - `file_name`: POSIX path relative to `root` (absolute where a CSV names a file elsewhere), different in every row
    - `class_name`, `label`
    - `split`: "train", "val", "test" or "unused"; `split_found`: the one on disk, or "all" where the set has none
    - `patient`
    - `sha256`: hex, of the file's bytes
    - `width_px`, `height_px`: as shown, with EXIF orientation; `mode`: PIL's pixel format of the file
    """

    root: Path
    layout: Layout
    is_phantom: bool
    classes: tuple[str, ...]
    frame: pd.DataFrame
    conversion: Conversion = USUAL

    def __post_init__(self) -> None:
        assert tuple(self.frame.columns) == COLUMNS
        assert self.frame["file_name"].is_unique
        assert len(set(self.classes)) == len(self.classes)

    def __len__(self) -> int:
        return len(self.frame)

    def rows(self, split: str | None = None, class_name: str | None = None) -> np.ndarray:
        """Row numbers of the images of one split, one class, or both; int64, ascending.

        Raises:
            InputError: no class has this name.
        """
        if class_name is not None and class_name not in self.classes:
            raise InputError(
                found=f"The data set has no class {class_name!r}.",
                expected=f"Its classes are {', '.join(self.classes)}.",
                action="Correct gan.class_name.",
            )
        assert split is None or split in SPLITS, split
        chosen = np.ones(len(self.frame), dtype=bool)
        if split is not None:
            chosen &= (self.frame["split"] == split).to_numpy(dtype=bool)
        if class_name is not None:
            chosen &= (self.frame["class_name"] == class_name).to_numpy(dtype=bool)
        return np.flatnonzero(chosen).astype(np.int64)

    def counts(self) -> dict[str, dict[str, int]]:
        """Images per split and class; "unused" only where there are some."""
        return self._count("split", [name for name in SPLITS if name != "unused" or len(self.rows("unused"))])

    def counts_found(self) -> dict[str, dict[str, int]]:
        """The same for the splits on disk, "all" where the set has none."""
        names = ("train", "val", "test", "all")
        return self._count("split_found", [name for name in names if (self.frame["split_found"] == name).any()])

    @property
    def minority_class(self) -> str:
        """The class with the fewest training images; of several, the first in the alphabet."""
        counts = self.counts()["train"]
        return min(self.classes, key=lambda name: (counts[name], name))

    def digest(self) -> str:
        """SHA-256 of names, classes, splits, patients, contents and conversion: the same wherever the set lies."""
        columns = ["file_name", "class_name", "split", "patient", "sha256"]
        rows = sorted(self.frame[columns].itertuples(index=False, name=None))
        # Properties of the whole set precede the rows unless they have their default values.
        decided: list[tuple[object, ...]] = [self.classes] if list(self.classes) != sorted(self.classes) else []
        decided += self.conversion.to_hash()
        # repr keeps fields apart whatever characters names have in them.
        return hashlib.sha256("\n".join(map(repr, [*decided, *rows])).encode()).hexdigest()

    def _count(self, column: str, names: list[str]) -> dict[str, dict[str, int]]:
        found = self.frame.groupby([column, "class_name"]).size().to_dict()
        return {name: {cls: int(found.get((name, cls), 0)) for cls in self.classes} for name in names}
