"""The folder of synthetic images: `<CLASS>/*.png` and `manifest.csv`, readable as a Hugging Face imagefolder.

The manifest holds the SHA-256 of every image, so that an image that was edited, truncated, replaced or deleted after
synthesis is noticed when the images are read.
"""

import csv
import hashlib
import io
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from PIL import Image

from ganbal.data.squares import to_square
from ganbal.errors import InputError, reason_of
from ganbal.runtime.atomic_files import read_json, write_json, write_text
from ganbal.runtime.hashing import file_digest

_MAX_NAMED = 5
_PNG_ONLY = ("PNG",)
_REGENERATE = "Run `ganbal synthesize` (or `ganbal run`), which generates the same images again."


@dataclass(frozen=True)
class ManifestRow:
    """One synthetic image; the fields are the columns of manifest.csv, all of them text."""

    file_name: str
    """Path below the folder, with `/`."""
    label: str
    """Class name."""
    seed: str
    index: str
    """Position in the latent stream of the seed."""
    checkpoint_sha256: str
    checkpoint_step: str
    synthetic: str
    """Always `yes`."""
    sha256: str
    """Of the PNG file."""
    matched: str = ""
    """What was matched to the real images: `spectrum`, `intensity`, both with a `+`, or nothing."""
    separability: str = ""
    """Of a selected image: its rank among all candidates from 0, the hardest to separate from real images, to 1."""
    group: str = ""
    """Of a selected image: the number of the group of similar real images that it belongs to."""
    label_rank: str = ""
    """Of an image with a confirmed label: the share of real images of its class, unseen by the classifiers, that they
    are less sure of."""
    copy_check: str = "no"
    """`yes` where the image was compared with the training images, and those too close to one were rejected; `before
    matching` where it was matched to them afterwards."""


@dataclass(frozen=True)
class SyntheticFolder:
    """Paths of a folder of synthetic images."""

    root: Path

    @property
    def manifest(self) -> Path:
        return self.root / "manifest.csv"

    @property
    def summary(self) -> Path:
        return self.root / "synthesis.json"


@dataclass(frozen=True)
class SyntheticImages:
    """Synthetic images in the order of their manifest.

    Attributes:
        pixels: (N, S, S) or (N, S, S, 3) uint8.
        names: N paths below the folder.
        class_names: N class names.
        digest: SHA-256 of the manifest, which covers every image.
    """

    pixels: np.ndarray
    names: list[str]
    class_names: list[str]
    digest: str

    def of_class(self, class_name: str) -> "SyntheticImages":
        """The images of one class."""
        rows = [row for row, name in enumerate(self.class_names) if name == class_name]
        names = [self.names[row] for row in rows]
        return SyntheticImages(self.pixels[rows], names, [class_name] * len(rows), self.digest)

    def resized(self, size_px: int) -> np.ndarray:
        """uint8 (N, size_px, size_px), or (N, size_px, size_px, 3)."""
        return np.stack([to_square(image, size_px) for image in self.pixels])


def write_manifest(folder: SyntheticFolder, rows: Sequence[ManifestRow], summary: Mapping[str, Any]) -> None:
    """Write synthesis.json, then manifest.csv, each atomically.

    Args:
        folder: of the images, all of which are written already.
        rows: one per image.
        summary: content of synthesis.json; the digest of the manifest is added.
    """
    text = manifest_text(rows)
    write_json(folder.summary, {**summary, "manifest_sha256": hashlib.sha256(text.encode()).hexdigest()})
    write_text(folder.manifest, text)


def manifest_text(rows: Sequence[ManifestRow]) -> str:
    """The content of manifest.csv."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, _columns(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)
    return buffer.getvalue()


def read_manifest(folder: SyntheticFolder) -> list[ManifestRow]:
    """The rows of manifest.csv.

    Raises:
        InputError: it is missing or damaged.
    """
    try:
        with folder.manifest.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            entries = list(reader)
        if sorted(reader.fieldnames or []) != sorted(_columns()) or not entries:
            raise ValueError(f"{len(entries)} rows with the columns {', '.join(reader.fieldnames or []) or 'none'}")
        if any(None in entry or None in entry.values() for entry in entries):
            raise ValueError("rows with missing or additional fields")
        rows = [ManifestRow(**entry) for entry in entries]
        _check_names(rows)
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(
            found=f"The list of synthetic images {folder.manifest} cannot be read: {reason_of(error)}.",
            expected="This step needs the list as `ganbal synthesize` wrote it.",
            action=_REGENERATE,
        ) from error
    return rows


def read_synthetic(folder: SyntheticFolder) -> SyntheticImages:
    """The images of the manifest, each verified by its SHA-256.

    Raises:
        InputError: the manifest or an image is missing or was changed after synthesis.
    """
    rows, digest = read_manifest(folder), file_digest(folder.manifest)
    if _recorded_digest(folder) != digest:
        raise InputError(
            found=f"{folder.manifest} is not as it was written: images were added or removed, or the synthesis did "
            "not finish.",
            expected=f"Its digest is recorded in {folder.summary.name}, and the two must agree.",
            action=_REGENERATE,
        )
    pixels, damaged = [], []
    for row in rows:
        image = _read_image(folder.root / row.file_name, row.sha256)
        if isinstance(image, str):
            damaged.append(f"{row.file_name} ({image})")
        else:
            pixels.append(image)
    if damaged:
        raise InputError(
            found=f"{len(damaged)} of the {len(rows)} synthetic images in {folder.manifest} are missing or changed: "
            f"{_some(damaged)}.",
            expected="The images must be unchanged since synthesis.",
            action=_REGENERATE,
        )
    return SyntheticImages(np.stack(pixels), [row.file_name for row in rows], [row.label for row in rows], digest)


def clear(folder: SyntheticFolder) -> None:
    """Delete the images of an earlier synthesis; the manifest first, so that a partial folder never looks complete."""
    folder.manifest.unlink(missing_ok=True)
    folder.summary.unlink(missing_ok=True)
    for image in folder.root.glob("*/synthetic_*.png"):
        image.unlink()


def class_folder(class_name: str) -> str:
    """A folder name for the class; class names from a CSV file may contain slashes or consist of dots."""
    name = re.sub(r"[^\w .-]", "_", class_name).strip()
    return name if name.strip(".") else "class"


def class_folders(class_names: Sequence[str]) -> dict[str, str]:
    """A folder name per class, all different even where upper and lower case are not distinguished."""
    folders: dict[str, str] = {}
    for name in class_names:
        plain = class_folder(name)
        taken = {folder.casefold() for folder in folders.values()}
        candidates = (plain if number == 1 else f"{plain}_{number}" for number in itertools.count(1))
        folders[name] = next(candidate for candidate in candidates if candidate.casefold() not in taken)
    return folders


def _columns() -> list[str]:
    return [field.name for field in fields(ManifestRow)]


def _check_names(rows: Sequence[ManifestRow]) -> None:
    names = [row.file_name for row in rows]
    for name in names:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\0" in name:
            raise ValueError(f"{name!r}, a path that leaves the folder")
    if len(set(names)) < len(names):
        raise ValueError("an image that is listed twice")


def _recorded_digest(folder: SyntheticFolder) -> str | None:
    try:
        return str(read_json(folder.summary)["manifest_sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _read_image(path: Path, sha256: str) -> np.ndarray | str:
    """uint8 (S, S) or (S, S, 3), or why the image cannot be used."""
    try:
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != sha256:
            return "changed"
        with Image.open(io.BytesIO(content), formats=_PNG_ONLY) as image:
            return np.asarray(image, dtype=np.uint8)
    except OSError as error:
        return "missing" if isinstance(error, FileNotFoundError) else error.strerror or "not a PNG image"


def _some(names: Sequence[str]) -> str:
    more = len(names) - _MAX_NAMED
    return ", ".join(names[:_MAX_NAMED]) + (f" and {more} more" if more > 0 else "")
