"""Data sets whose folders name splits and classes."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from ganbal.data.data_warnings import DataWarning
from ganbal.data.folder_names import (
    distinguishing_part,
    is_image_folder,
    is_mask_folder,
    is_unit_folder,
    mentions_split,
    split_of,
)
from ganbal.data.image_formats import (
    IMAGE_SUFFIXES,
    Entry,
    ImageFiles,
    find_image_files,
    is_image_name,
    list_folder,
    printable,
    suffix_of,
)
from ganbal.data.source import FoundImage, Layout, Source
from ganbal.errors import InputError
from ganbal.runtime.number_text import some_of

LAYOUTS = (
    "images in train/<CLASS>/…, test/<CLASS>/… and perhaps val/<CLASS>/… (Kaggle's layout), in one folder per class, "
    "listed in a CSV file with the columns path,label[,split,patient], or in a .zip or (as MedMNIST) .npz file"
)
_ARCHIVE_LEVELS = 3
_MOST_FILES_LISTED = 10_000


def read_folders(given: Path) -> Source:
    """Recognize the layout of a folder and list its images.

    A layout is recognized by the names of the folders, also one or two levels below `given`, as archives unpack.
    Public sets whose folders do not name classes (NIH ChestX-ray14, CheXpert, ISIC, RSNA) are refused, with advice.

    Raises:
        InputError: no layout is recognized without doubt, there are no images, or a folder cannot be read.
    """
    return _Reader(given).read()


class _Reader:
    """Collects the images of one data set together with what was left out."""

    def __init__(self, given: Path) -> None:
        self.given = given
        self.images: list[FoundImage] = []
        self.warnings: list[DataWarning] = []
        self.left_out = ImageFiles(given)
        self.empty: list[str] = []

    def read(self) -> Source:
        split_root = _split_root(self.given)
        if split_root is not None:
            root, layout = split_root, self._read_splits(split_root)
        else:
            root = _unpacked(self.given)
            layout = self._read_flat(root)
        if self.empty:
            self.warnings.append(DataWarning("empty-folders", {"folders": self.empty}))
        if not self.images:
            raise InputError(
                found=f"There are no images in class folders in {printable(root)}{_what_is_there(root)}.",
                expected=f"ganbal needs {LAYOUTS}. It reads {', '.join(IMAGE_SUFFIXES)}.",
                action="Give --data the folder that holds the class folders, or train/ and test/.",
            )
        warnings = (*self.warnings, *self.left_out.warnings())
        return Source(self.given, root, layout, tuple(sorted(self.images)), warnings)

    def _read_splits(self, root: Path) -> Layout:
        """SPLIT/CLASS/…"""
        folders = _folders(root)
        splits = {name: split for name in folders if (split := split_of(name)) is not None}
        for split, count in Counter(splits.values()).items():
            if count > 1:
                same = [name for name in splits if splits[name] == split]
                raise _doubt(
                    root,
                    f"{printable(root)} has {count} {split} folders: {', '.join(same)}.",
                    "One split is one folder.",
                )
        others = [name for name in folders if name not in splits and _holds_images(root / name)]
        doubtful = [name for name in others if mentions_split(name)]
        if doubtful:
            raise _doubt(
                root,
                f"{printable(root)} also holds {some_of(doubtful)}, which may belong to a split.",
                "The folders of the splits are train, val and test.",
            )
        if others:
            self.warnings.append(DataWarning("unused-folders", {"folders": [printable(root / n) for n in others]}))
        for name, split in splits.items():
            self._read_classes(root, _unpacked(root / name, any_name=False), split)
        return "kaggle"

    def _read_flat(self, root: Path) -> Layout:
        """CLASS/…, or CLASS/SPLIT/… where every class folder holds nothing but split folders."""
        folders = _folders(root)
        lonely = [name for name in folders if split_of(name) is not None]
        if lonely:
            raise InputError(
                found=f"{printable(root)} has {' and '.join(lonely)}, but no train folder beside it.",
                expected=f"ganbal needs {LAYOUTS}.",
                action="Add the folder of training images, or correct --data.",
            )
        if folders and all(_holds_only_splits(root / name) for name in folders):
            for name in folders:
                if stray := _count_images(root / name):
                    self.warnings.append(DataWarning("no-split", {"count": stray, "folder": printable(root / name)}))
                for inner in _folders(root / name):
                    self._add_class(root, root / name / inner, name, split_of(inner))
            return "class-first"
        self._read_classes(root, root, None)
        return "flat"

    def _read_classes(self, root: Path, folder: Path, split: str | None) -> None:
        names = _folders(folder)
        copies = [name for name in names if _is_copy_of(folder / name, names)]
        if copies:
            self.warnings.append(DataWarning("nested-copies", {"folders": [printable(folder / n) for n in copies]}))
        names = [name for name in names if name not in copies]
        stray = _count_images(folder)
        if stray and split is not None and not names:
            raise _doubt(
                folder,
                f"{printable(folder)} holds {stray} images and no folders.",
                "ganbal needs one folder per class.",
            )
        _check_class_folders(folder, names)
        if stray:
            values = {"count": stray, "folder": printable(folder)}
            self.warnings.append(DataWarning("no-class", values))
        for name in names:
            self._add_class(root, folder / name, name, split)

    def _add_class(self, root: Path, folder: Path, class_name: str, split: str | None) -> None:
        found = find_image_files(folder, read_before=[root, folder.parent], with_volumes=True)
        if not found.files and not found.not_utf8:
            self.empty.append(printable(folder))
        prefix = f"{root.as_posix().rstrip('/')}/"
        for path in found.files:
            file_name = path.as_posix().removeprefix(prefix)
            if printable(file_name) == file_name:
                self.images.append(FoundImage(file_name, class_name, split, patient=None))
            else:  # the class folder's own name
                self.left_out.not_utf8.append(path)
        self.left_out.extend(found)


def _split_root(given: Path) -> Path | None:
    """The folder that has the train folder: `given` itself, or one at most two levels below."""
    level = [given]
    for _ in range(_ARCHIVE_LEVELS):
        found = [folder for folder in level if any(split_of(name) == "train" for name in _folders(folder))]
        if found and all(_holds_only_splits(folder) for folder in found) and found[0] != given:
            return None  # CLASS/SPLIT/…
        if len(found) > 1:
            raise InputError(
                found=f"{printable(given)} holds {len(found)} data sets, each with a train folder: "
                f"{some_of([folder.name for folder in found])}.",
                expected="ganbal works on one data set at a time.",
                action="Give --data one of them.",
            )
        if found:
            return found[0]
        level = [folder / name for folder in level for name in _readable_folders(folder)]
    return None


def _unpacked(folder: Path, *, any_name: bool = True) -> Path:
    """The folder itself, or the one inside it, as archives unpack: `archive/set/CLASS/…`, `train/train/CLASS/…`.

    Args:
        any_name: False enters only folders that are named like a split or like images.
    """
    inner = folder
    for _ in range(_ARCHIVE_LEVELS):
        names = _folders(inner)
        if len(names) != 1 or _has_images(inner):
            break
        if not (any_name or split_of(names[0]) or is_image_folder(names[0])):
            break
        if any_name and split_of(names[0]) in ("val", "test"):
            break  # not what a network may be trained on
        inner /= names[0]
    return inner if len(_folders(inner)) > 1 else folder


def _check_class_folders(folder: Path, names: Sequence[str]) -> None:
    """Refuse folders whose names do not denote classes.

    Raises:
        InputError: they are not, or it cannot be decided whether the classes are one level deeper.
    """
    place, expected = printable(folder), "ganbal needs one folder per class."
    masks = [name for name in names if is_mask_folder(name)]
    units = [name for name in names if is_unit_folder(name)]
    splits = [name for name in names if mentions_split(name)]
    images = [name for name in names if is_image_folder(name)]
    if masks:
        raise _doubt(folder, f"{place} holds masks, which are no class: {some_of(masks)}.", expected)
    if units:
        raise _doubt(
            folder, f"The folders in {place} are patients, studies or parts, not classes: {some_of(units)}.", expected
        )
    if splits:
        raise _doubt(folder, f"Folders in {place} may be splits, not classes: {some_of(splits)}.", expected)
    if images:
        raise _doubt(folder, f"The folder names in {place} say no class: {some_of(images)}.", expected)
    divided = [
        f"{name}/{inner}"
        for name in names
        for inner in _readable_folders(folder / name)
        if split_of(inner) is not None and _holds_images(folder / name / inner)
    ]
    if divided:
        raise _doubt(
            folder,
            f"In {place}, some class folders hold folders of splits: {some_of(divided)}.",
            "Either all class folders hold train, test and perhaps val, or none does.",
        )
    parts = Counter(distinguishing_part(name) for name in names)
    alike = [name for name in names if parts[distinguishing_part(name)] > 1]
    if alike:
        raise _doubt(
            folder, f"The folders in {place} look like parts of one set, not like classes: {some_of(alike)}.", expected
        )
    inner = _common_inner_folders(folder, names)
    if inner:
        raise _doubt(
            folder,
            f"In {place}, each of {some_of(names)} holds the folders {some_of(inner)}, and either may be the classes.",
            expected,
        )


def _common_inner_folders(folder: Path, names: Sequence[str]) -> list[str]:
    """Folders of the same names in every class folder, where images lie in nothing else."""
    if len(names) < 2 or any(_has_images(folder / name) for name in names):
        return []
    inside = [set(_folders(folder / name)) for name in names]
    common = sorted(set.intersection(*inside))
    telling = [
        name
        for name in common
        if not (is_mask_folder(name) or is_image_folder(name) or is_unit_folder(name) or name.isdigit())
        and _holds_images(folder / names[0] / name)
    ]
    return telling if len(telling) > 1 else []


def _is_copy_of(folder: Path, siblings: Sequence[str]) -> bool:
    """Whether all folders inside are named like those beside it, as in sets that hold themselves once more."""
    inside = _readable_folders(folder)
    return len(inside) > 1 and set(inside) < set(siblings)


def _holds_only_splits(folder: Path) -> bool:
    """Whether a class folder is divided into splits: `NORMAL/train/1.png`, `NORMAL/test/2.png`."""
    names = _readable_folders(folder)
    return (
        any(split_of(name) == "train" for name in names)
        and all(split_of(name) is not None for name in names)
        and all(not _readable_folders(folder / name) and _has_images(folder / name) for name in names)
    )


def _count_images(folder: Path) -> int:
    """Images that lie in the folder itself."""
    return sum(is_image_name(entry.name) and not entry.is_folder for entry in list_folder(folder))


def _has_images(folder: Path) -> bool:
    return any(is_image_name(entry.name) and not entry.is_folder for entry in _list_if_readable(folder))


def _holds_images(folder: Path) -> bool:
    """Whether there is an image in the folder or below."""
    if not _list_if_readable(folder):
        return False
    found = find_image_files(folder, with_volumes=True)
    return bool(found.files or found.masks)


def _folders(folder: Path) -> list[str]:
    return [entry.name for entry in list_folder(folder) if entry.is_folder]


def _readable_folders(folder: Path) -> list[str]:
    return [entry.name for entry in _list_if_readable(folder) if entry.is_folder]


def _list_if_readable(folder: Path) -> list[Entry]:
    try:
        return list_folder(folder)
    except InputError:
        return []


def _doubt(folder: Path, found: str, expected: str) -> InputError:
    """A refusal that says what to do where folders do not name the classes without doubt."""
    tables = _tables_near(folder)
    hint = f" (its labels may be in {some_of(tables)})" if tables else ""
    return InputError(
        found=found,
        expected=expected,
        action="Rename or remove folders, or list the images in a CSV file with the columns "
        f"path,label[,split,patient] and give that to --data{hint}.",
    )


def _tables_near(folder: Path) -> list[str]:
    """CSV files in the folder and the one above, such as NIH's Data_Entry_2017.csv or CheXpert's train.csv."""
    entries = [(place, entry) for place in (folder, folder.parent) for entry in _list_if_readable(place)]
    return [
        printable(place / entry.name)
        for place, entry in entries
        if not entry.is_folder and entry.name.lower().endswith(".csv")
    ]


def _what_is_there(root: Path) -> str:
    found = find_image_files(root)
    paths = [*found.files, *found.other_files, *found.masks][:_MOST_FILES_LISTED]
    if not paths:
        return ""
    suffixes = Counter(suffix_of(path) or "without suffix" for path in paths)
    counts = ", ".join(f"{count} {suffix}" for suffix, count in suffixes.most_common(4))
    return f", but files with other suffixes or in no class folder: {counts}"
