"""Synthetic images as data sets in the layouts of other programs; every image stays marked as synthetic."""

import csv
import io
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from ganbal.errors import InputError
from ganbal.runtime.atomic_files import atomic_path, write_text
from ganbal.runtime.markdown_text import as_line
from ganbal.synthesis.manifest import (
    ManifestRow,
    SyntheticFolder,
    SyntheticImages,
    class_folders,
    manifest_text,
    read_manifest,
)
from ganbal.synthesis.synthetic_png import MARK

SPLITS = ("train", "val", "test")
Link = Literal["symlink", "copy"]


@dataclass(frozen=True)
class RealImages:
    """The real images of a data set, in the order of its table.

    Attributes:
        files: N paths.
        class_names: N names.
        splits: N of "train", "val", "test" or "unused"; unused images are not exported.
        pixels: returns uint8 (N, S, S) or (N, S, S, 3) at a size.
    """

    files: Sequence[Path]
    class_names: Sequence[str]
    splits: Sequence[str]
    pixels: Callable[[int], np.ndarray]

    @property
    def num_exported(self) -> int:
        return sum(split in SPLITS for split in self.splits)


@dataclass(frozen=True)
class SyntheticSet:
    """Synthetic images to export.

    Attributes:
        folder: where they are.
        images: their pixels and names.
        classes: all classes of the data set in the order of their labels.
    """

    folder: SyntheticFolder
    images: SyntheticImages
    classes: Sequence[str]

    @property
    def rows(self) -> list[ManifestRow]:
        """The manifest's rows of the images."""
        chosen = set(self.images.names)
        return [row for row in read_manifest(self.folder) if row.file_name in chosen]


def write_imagefolder(target: Path, synthetic: SyntheticSet) -> None:
    """Hugging Face's `imagefolder`: `<CLASS>/*.png`, `metadata.csv` and a card that says what they are.

    `datasets.load_dataset("imagefolder", data_dir=target)` reads it, with the columns of the manifest beside the
    images.
    """
    for row in synthetic.rows:
        _copy(synthetic.folder.root / row.file_name, target / row.file_name)
    write_text(target / "metadata.csv", manifest_text(synthetic.rows))
    counts = [f"- {number} {as_line(name)}" for name, number in _counts(synthetic.images.class_names).items()]
    card = ["---", "tags: [synthetic, medical-imaging]", "task_categories: [image-classification]", "---", ""]
    card += ["# Synthetic images", "", MARK, "", *counts, ""]
    card += ["For training sets. Not for validation or test, and not as images of patients.", ""]
    card += ["`metadata.csv` names the generator, the seed and the SHA-256 of every image.", ""]
    write_text(target / "README.md", "\n".join(card))


def write_kaggle_folders(target: Path, synthetic: SyntheticSet, real: RealImages, *, link: Link = "symlink") -> None:
    """Kaggle's layout: `train|val|test/<CLASS>/…` with the real images, and the synthetic ones in `train`.

    Args:
        link: real images are symbolic links to their files, or copies of them. Synthetic images are always copies;
            their names begin with `synthetic_`, and `synthetic.csv` lists them.

    Raises:
        InputError: the real images are not files of their own.
    """
    folders = class_folders(synthetic.classes)
    exported = [file for file, split in zip(real.files, real.splits, strict=True) if split in SPLITS]
    missing = [file for file in exported if not file.is_file()]
    if missing:
        raise InputError(
            found=f"{len(missing)} of the {len(exported)} real images are no files of their own, e.g. {missing[0]}.",
            expected="This layout links the files of the real images.",
            action="Use --format npz --with-real, which holds pixels.",
        )
    taken: set[Path] = set()
    for file, class_name, split in zip(real.files, real.class_names, real.splits, strict=True):
        if split in SPLITS:
            place = _free(target / split / folders[class_name] / file.name, taken)
            place.parent.mkdir(parents=True, exist_ok=True)
            if link == "symlink":
                place.symlink_to(file.resolve())
            else:
                shutil.copyfile(file, place)
    listed = io.StringIO()
    writer = csv.writer(listed, lineterminator="\n")
    writer.writerow(["file_name", "label", "seed", "index", "checkpoint_sha256"])
    for row in synthetic.rows:
        place = _free(target / "train" / folders[row.label] / Path(row.file_name).name, taken)
        _copy(synthetic.folder.root / row.file_name, place)
        name = place.relative_to(target).as_posix()
        writer.writerow([name, row.label, row.seed, row.index, row.checkpoint_sha256])
    write_text(target / "synthetic.csv", listed.getvalue())


def write_npz(target: Path, synthetic: SyntheticSet, real: RealImages | None = None) -> None:
    """MedMNIST's layout: one `.npz` file with `train_images`, `train_labels` (N, 1), and the same of val and test.

    Further arrays: `train_synthetic` (N,) bool, `label_names` and `mark`, a sentence. Without real images, `val` and
    `test` are empty.

    Args:
        real: the real images, to be put before the synthetic ones.
    """
    images = synthetic.images
    numbers = {name: label for label, name in enumerate(synthetic.classes)}
    arrays: dict[str, np.ndarray] = {}
    size_px = images.pixels.shape[1]
    pixels = None if real is None else real.pixels(size_px)
    for split in SPLITS:
        rows = [] if real is None else [row for row, its in enumerate(real.splits) if its == split]
        parts = [pixels[rows]] if pixels is not None and rows else []
        labels = [] if real is None else [numbers[real.class_names[row]] for row in rows]
        if split == "train":
            parts.append(images.pixels)
            labels += [numbers[name] for name in images.class_names]
            arrays["train_synthetic"] = np.arange(len(labels)) >= len(rows)
        arrays[f"{split}_images"] = np.concatenate(parts) if parts else images.pixels[:0]
        arrays[f"{split}_labels"] = np.array(labels, np.int64).reshape(-1, 1)
    arrays["label_names"], arrays["mark"] = np.array(list(synthetic.classes)), np.array(MARK)
    with atomic_path(target) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def _copy(source: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, place)


def _free(place: Path, taken: set[Path]) -> Path:
    """The place, or one with a number in its name: files of the same name may lie in different folders."""
    number, candidate = 1, place
    while candidate in taken:
        number += 1
        candidate = place.with_stem(f"{place.stem}_{number}")
    taken.add(candidate)
    return candidate


def _counts(class_names: Sequence[str]) -> dict[str, int]:
    return {name: class_names.count(name) for name in sorted(set(class_names))}
