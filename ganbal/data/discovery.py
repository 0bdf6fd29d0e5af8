"""Which image files a data set has, and what the folders they lie in say about them."""

import os
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from ganbal.data.csv_layout import read_csv_layout
from ganbal.data.found import IMAGE_ENDINGS, SPLIT_CALLED, FoundImage, Source, is_image_name
from ganbal.errors import InputError

_MOST_LOOKED_AT = 10_000
_LAYOUTS = (
    "train/<CLASS>/…, test/<CLASS>/… and perhaps val/<CLASS>/… (Kaggle's layout), one folder for each class, "
    "or a CSV file with the columns path,label[,split,patient]"
)


def find_images(root: Path) -> Source:
    """List the images of a data set, in the order of their names, without opening them.

    Hidden files and `__MACOSX` are passed over, and so is whatever has no image ending. Links are followed, each
    folder once.

    Args:
        root: a folder in Kaggle's layout (also one or two levels deeper, as its zip unpacks), a folder with one
            folder for each class, or a CSV file.

    Raises:
        InputError: nothing there, no layout that is known, no images, or mistakes in the CSV.
    """
    try:
        root.stat()
    except OSError as error:
        raise InputError(
            expected=f"a data set at {root}",
            found=error.strerror or str(error),
            action=f"Give --data (or GANBAL_DATA) a folder with {_LAYOUTS}.",
        ) from error
    if not root.is_dir():
        if root.suffix.lower() != ".csv":
            raise InputError(
                expected=f"a folder or a CSV file at {root}", found="a file of another kind", action=f"Give {_LAYOUTS}."
            )
        return read_csv_layout(root)
    kaggle_root = _kaggle_root(root)
    source = _read_kaggle(kaggle_root) if kaggle_root is not None else _read_flat(root)
    if not source.images:
        raise InputError(
            expected=f"images ({', '.join(IMAGE_ENDINGS)}) in {_LAYOUTS}, at {source.root}",
            found=_what_is_there(source.root),
            action="Give --data the folder that holds the class folders, or train/ and test/.",
        )
    return source


def _kaggle_root(root: Path) -> Path | None:
    """The folder that has the train folder: `root` itself, or one at most two levels below."""
    level = [root]
    for _ in range(3):
        found = [folder for folder in level if any(_split_of(inner) == "train" for inner in _folders(folder))]
        if len(found) > 1:
            raise InputError(
                expected=f"one data set in {root}",
                found=f"{len(found)} folders with a train folder in them: {', '.join(folder.name for folder in found)}",
                action="Give --data one of them.",
            )
        if found:
            return found[0]
        level = [inner for folder in level for inner in _folders(folder) if _is_readable(inner)]
    return None


def _read_kaggle(root: Path) -> Source:
    images: list[FoundImage] = []
    remarks: list[str] = []
    for split_folder in _folders(root):
        split = _split_of(split_folder)
        if split is not None:
            images += _read_classes(root, split_folder, split, remarks)
    return Source(root, root, "kaggle", tuple(sorted(images)), tuple(remarks))


def _read_flat(root: Path) -> Source:
    lonely = [folder.name for folder in _folders(root) if _split_of(folder) is not None]
    if lonely:
        raise InputError(
            expected=f"a train folder beside {' and '.join(lonely)} in {root}",
            found="none",
            action=f"Give --data {_LAYOUTS}.",
        )
    remarks: list[str] = []
    images = _read_classes(root, root, None, remarks)
    return Source(root, root, "flat", tuple(sorted(images)), tuple(remarks))


def _read_classes(root: Path, folder: Path, split: str | None, remarks: list[str]) -> list[FoundImage]:
    images: list[FoundImage] = []
    for class_folder in _folders(folder):
        files = list(_image_files(class_folder, {_identity(root), _identity(folder)}))
        if not files:
            remarks.append(f"{class_folder} holds no images and is not taken as a class")
        for path in files:
            file_name = path.relative_to(root).as_posix()
            if _is_text(file_name):
                images.append(FoundImage(file_name, class_folder.name, split, patient=None))
            else:
                remarks.append(f"{_printable(path)} is left out: its name is not valid UTF-8")
    stray = sum(is_image_name(entry.name) and not entry.is_folder for entry in _entries(folder))
    if stray:
        remarks.append(f"images in {folder} that lie in no class folder are left out ({stray})")
    return images


def _image_files(folder: Path, entered: set[tuple[int, int]]) -> Iterator[Path]:
    """Every image file below; a folder that links lead back to is entered once."""
    identity = _identity(folder)
    if identity in entered:
        return
    entered.add(identity)
    for entry in _entries(folder):
        if entry.is_folder and not _is_hidden(entry.name):
            yield from _image_files(folder / entry.name, entered)
        elif not entry.is_folder and is_image_name(entry.name):
            yield folder / entry.name


class _Entry(NamedTuple):
    name: str
    is_folder: bool


def _entries(folder: Path) -> list[_Entry]:
    try:
        with os.scandir(folder) as found:
            return sorted(_Entry(entry.name, _is_folder(entry)) for entry in found)
    except OSError as error:
        raise InputError(
            expected=f"a folder that can be read at {folder}",
            found=error.strerror or str(error),
            action="Correct its permissions, or give another --data.",
        ) from error


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _folders(folder: Path) -> list[Path]:
    return [folder / entry.name for entry in _entries(folder) if entry.is_folder and not _is_hidden(entry.name)]


def _is_readable(folder: Path) -> bool:
    return os.access(folder, os.R_OK | os.X_OK)


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def _is_text(file_name: str) -> bool:
    try:
        file_name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _printable(path: Path) -> str:
    return str(path).encode("utf-8", "backslashreplace").decode()


def _identity(folder: Path) -> tuple[int, int]:
    """What is the same under all names that links give a folder."""
    status = folder.stat()
    return (status.st_dev, status.st_ino)


def _split_of(folder: Path) -> str | None:
    return SPLIT_CALLED.get(folder.name.lower())


def _what_is_there(root: Path) -> str:
    files = (Path(name) for _, _, names in os.walk(root) for name in names if not _is_hidden(name))
    # Enough to tell by, should the whole of a home folder have been given.
    endings = Counter(file.suffix.lower() or "no ending" for file in islice(files, _MOST_LOOKED_AT))
    if not endings:
        return "no files"
    most = ", ".join(f"{count} {ending}" for ending, count in endings.most_common(4))
    return f"files with other endings or in no class folder: {most}"
