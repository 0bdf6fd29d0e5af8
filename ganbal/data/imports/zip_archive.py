"""A zip file, as Kaggle serves its sets: unpacked into the cache, then read like any folder."""

import shutil
import stat
import zipfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from ganbal.data.folder_names import is_ignored
from ganbal.data.image_formats import printable
from ganbal.data.imports.archives import open_archive, unpacked_bytes
from ganbal.data.imports.importing import ImportPlan
from ganbal.runtime.console import Console
from ganbal.runtime.hashing import large_file_digest
from ganbal.runtime.number_text import plural

_EXPECTED = "ganbal unpacks zip files that hold images in class folders, or a table that lists them."
_ACTION = "Download it again; or unpack it yourself, check what is in it, and give --data the folder."


def plan_zip(file: Path) -> ImportPlan:
    """Check every member of an archive, and plan to unpack it.

    Raises:
        InputError: it is damaged, or has members that a set of images does not have: links, paths out of the folder.
    """
    with open_archive(file, _EXPECTED, _ACTION) as archive:
        members = _files(archive)
        if not members:
            raise ValueError("it has no files")
        size = unpacked_bytes(archive)
    return ImportPlan(
        kind="zip",
        name=file.stem or "images",
        origin=printable(file.name),
        identity={"sha256": large_file_digest(file), "file": file.stem},
        cost=f"{plural(len(members), 'file')}, {size / 1e6:.1f} MB",
        needed_bytes=size,
        write=partial(_unpack, file),
    )


def _unpack(file: Path, folder: Path, console: Console) -> Mapping[str, Any]:
    with open_archive(file, _EXPECTED, _ACTION) as archive:
        members = _files(archive)
        with console.progress(len(members), "unpacking", "file") as bar:
            for path, member in members.items():
                target = folder / path
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as source, target.open("xb") as written:
                    shutil.copyfileobj(source, written)
                bar.update()
    return {"files": len(members)}


def _files(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The members that are files, by path; leftovers of operating systems are left out.

    Raises:
        ValueError: a member would not become a file below the folder.
    """
    files = {}
    for member in archive.infolist():
        path = PurePosixPath(member.filename)
        kind = stat.S_IFMT(member.external_attr >> 16)
        # zipfile has replaced the separators of this system; what is left would be a part of a name.
        if path.is_absolute() or ".." in path.parts or "\\" in member.filename:
            raise ValueError(f"the member {printable(member.filename)} leads out of the folder")
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise ValueError(f"the member {printable(member.filename)} is a link or a device")
        if not member.is_dir() and not any(is_ignored(part) for part in path.parts):
            files[path.as_posix()] = member
    folders = {parent.as_posix() for path in files for parent in PurePosixPath(path).parents}
    if both := sorted(files.keys() & folders):
        raise ValueError(f"{printable(both[0])} is a file and a folder")
    return files
