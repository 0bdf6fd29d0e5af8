"""Which files are images, and the one walk over folders that finds them."""

import os
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any, NamedTuple

from ganbal.data.data_warnings import DataWarning
from ganbal.data.dicom import HEADER_BYTES, is_dicom
from ganbal.data.folder_names import is_ignored, is_mask_folder
from ganbal.errors import InputError, reason_of

IMAGE_SUFFIXES = (
    ".bmp",
    ".dcm",
    ".dicom",
    ".gif",
    ".jfif",
    ".jpe",
    ".jpeg",
    ".jpg",
    ".pgm",
    ".png",
    ".ppm",
    ".tif",
    ".tiff",
    ".webp",
)
"""In lower case; the content decides which format a file really has."""

VOLUME_SUFFIXES = (".nii", ".nii.gz")
"""NIfTI: not images themselves; their slices can be imported."""
# Texts and tables usually lie beside images; leaving them out needs no warning.
_COMPANIONS_TEXT = (
    ".csv .tsv .txt .md .rst .json .jsonl .yaml .yml .xml .html .htm .pdf .doc .docx .xls .xlsx .py .ipynb .log"
)
_COMPANIONS = frozenset(_COMPANIONS_TEXT.split())
_MASK_ENDINGS = ("_mask", "_segmentation", "_seg")
_MOST_NAMED = 20
_FolderId = tuple[int, int]


@dataclass
class ImageFiles:
    """What a walk found below `root`; paths start with `root` and are in order of their parts."""

    root: Path
    suffixes: tuple[str, ...] = IMAGE_SUFFIXES
    files: list[Path] = field(default_factory=list)
    masks: list[Path] = field(default_factory=list)
    other_files: list[Path] = field(default_factory=list)
    """Files with a suffix that is neither an image's nor a text's or table's."""
    unreadable_folders: list[Path] = field(default_factory=list)
    repeated_folders: list[Path] = field(default_factory=list)
    """Links to folders that were read under another name, such as loops."""
    not_utf8: list[Path] = field(default_factory=list)

    def warnings(self) -> list[DataWarning]:
        """What was left out, counted and named."""
        found: list[DataWarning] = []
        values: dict[str, Any]
        if self.masks:
            values = {"count": len(self.masks), "example": printable(self.masks[0])}
            found.append(DataWarning("masks", values))
        if self.other_files:
            suffixes = Counter(suffix_of(path) or "without suffix" for path in self.other_files)
            example = printable(self.other_files[0])
            values = {"by_suffix": dict(suffixes.most_common()), "example": example, "read": list(IMAGE_SUFFIXES)}
            found.append(DataWarning("other-formats", values))
        if self.not_utf8:
            found.append(
                DataWarning("not-utf-8", {"count": len(self.not_utf8), "example": printable(self.not_utf8[0])})
            )
        for kind, folders in (
            ("unreadable-folders", self.unreadable_folders),
            ("repeated-folders", self.repeated_folders),
        ):
            if folders:
                shown = [printable(folder) for folder in folders[:_MOST_NAMED]]
                found.append(DataWarning(kind, {"count": len(folders), "folders": shown}))
        return found

    def extend(self, other: "ImageFiles") -> None:
        """Add what another walk found."""
        self.files += other.files
        self.masks += other.masks
        self.other_files += other.other_files
        self.unreadable_folders += other.unreadable_folders
        self.repeated_folders += other.repeated_folders
        self.not_utf8 += other.not_utf8


class Entry(NamedTuple):
    """One name in a folder; links are followed."""

    name: str
    is_folder: bool


def find_image_files(root: Path, *, read_before: Sequence[Path] = (), with_volumes: bool = False) -> ImageFiles:
    """Find every image file below a folder, without opening any.

    Hidden files and leftovers of operating systems are skipped. Linked folders are read like others, each folder
    once. Masks are left out: folders such as `masks` below `root`, and `NAME_mask.png` beside `NAME.png` or, as of
    volumes with several sequences, beside `NAME_t1.png`.

    Args:
        root: a folder.
        read_before: folders that count as read, so that links to them are not followed.
        with_volumes: whether NIfTI volumes count as image files.

    Raises:
        InputError: `root` itself cannot be read.
    """
    found = ImageFiles(root, IMAGE_SUFFIXES + VOLUME_SUFFIXES if with_volumes else IMAGE_SUFFIXES)
    entered = {_identity(folder) for folder in read_before}
    list_folder(root)
    _walk(root, found, entered, inside_masks=False)
    for paths in (found.files, found.masks, found.other_files, found.not_utf8):
        paths.sort()
    return found


def is_image_name(name: str) -> bool:
    """Whether a file of this name is an image of a data set, or a volume whose slices are."""
    return name.lower().endswith(IMAGE_SUFFIXES + VOLUME_SUFFIXES) and not is_ignored(name)


def is_volume_name(name: str) -> bool:
    """Whether a file of this name is a NIfTI volume."""
    return name.lower().endswith(VOLUME_SUFFIXES)


def suffix_of(path: PurePath) -> str:
    """The suffix in lower case; `.nii.gz` counts as one."""
    return ".nii.gz" if path.name.lower().endswith(".nii.gz") else path.suffix.lower()


def stem_of(name: str) -> str:
    """The name without its suffix."""
    return name[: len(name) - len(suffix_of(PurePath(name)))]


def list_folder(folder: Path) -> list[Entry]:
    """What is in a folder, by name, without hidden files and leftovers.

    Raises:
        InputError: it cannot be read.
    """
    try:
        return _entries(folder)
    except OSError as error:
        raise InputError(
            found=f"The folder {printable(folder)} cannot be read: {reason_of(error)}.",
            expected="ganbal needs to read the folder of images and all folders below it.",
            action="Correct its permissions, or give another folder.",
        ) from error


def printable(path: Path | str) -> str:
    """A path as text that every encoding of JSON and terminals takes: bytes that are not UTF-8 become `\\xNN`."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _walk(folder: Path, found: ImageFiles, entered: set[_FolderId], *, inside_masks: bool) -> None:
    try:
        identity = _identity(folder)
        if identity in entered:
            found.repeated_folders.append(folder)
            return
        entered.add(identity)
        entries = _entries(folder)
    except OSError:
        found.unreadable_folders.append(folder)
        return
    names = [entry.name for entry in entries if not entry.is_folder]
    masks = _masks_among(names)
    may_be_dicom = not any(name.lower().endswith(found.suffixes) for name in names)
    for entry in entries:
        path = folder / entry.name
        if entry.is_folder:
            _walk(path, found, entered, inside_masks=inside_masks or is_mask_folder(entry.name))
        elif may_be_dicom and _has_no_suffix(entry.name) and is_dicom_file(path):
            found.files.append(path)
        elif not entry.name.lower().endswith(found.suffixes):
            if suffix_of(path) not in _COMPANIONS and path.is_file():
                found.other_files.append(path)
        elif not _is_utf8(entry.name):
            found.not_utf8.append(path)
        elif inside_masks or entry.name in masks:
            found.masks.append(path)
        else:
            found.files.append(path)


def _has_no_suffix(name: str) -> bool:
    """`IM000001`, or a UID such as `1.2.840.113.7`; not the index file of a DICOM medium."""
    return name.rpartition(".")[2].isdigit() or ("." not in name and name.upper() != "DICOMDIR")


def is_dicom_file(path: Path) -> bool:
    """Whether a regular file begins like a DICOM file, whatever its name is; False where it cannot be read."""
    if not path.is_file():  # a pipe would block
        return False
    try:
        with path.open("rb") as file:
            return is_dicom(file.read(HEADER_BYTES))
    except OSError:
        return False


def _masks_among(names: Sequence[str]) -> set[str]:
    """The masks among the files of one folder: `a_mask.png` beside `a.png`, `b_seg.nii.gz` beside `b_t1.nii.gz`."""
    owners = {name: list(_owners(stem_of(name))) for name in names}
    stems = {stem_of(name) for name in names}
    others = sorted(stem_of(name) for name in names if is_image_name(name) and not owners[name])
    return {
        name for name in names if any(owner in stems or _any_starts_with(others, f"{owner}_") for owner in owners[name])
    }


def _owners(stem: str) -> Iterator[str]:
    """`benign (1)_mask_2` → `benign (1)`: the image that a mask of this name would belong to."""
    unnumbered = stem.rstrip("0123456789").removesuffix("_")
    for name in {stem, unnumbered}:
        for ending in _MASK_ENDINGS:
            if name.lower().endswith(ending) and len(name) > len(ending):
                yield name[: -len(ending)]


def _any_starts_with(ordered: Sequence[str], start: str) -> bool:
    """Whether one of some texts in ascending order starts with another text."""
    place = bisect_left(ordered, start)
    return place < len(ordered) and ordered[place].startswith(start)


def _entries(folder: Path) -> list[Entry]:
    with os.scandir(folder) as found:
        return sorted(Entry(entry.name, _is_folder(entry)) for entry in found if not is_ignored(entry.name))


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _identity(folder: Path) -> _FolderId:
    """The same under all names that links give a folder."""
    status = folder.stat()
    return (status.st_dev, status.st_ino)


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
