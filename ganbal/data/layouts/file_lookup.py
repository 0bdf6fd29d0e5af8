"""From the paths and ids in a table to files: as written, with a suffix, or anywhere below the folder."""

import functools
import os
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from ganbal.data.image_formats import find_image_files, is_image_name, stem_of


class FileLookup:
    """Finds the files that a table names.

    Args:
        base: folder that paths are relative to.
        root: the data set's folder; names in results are relative to it where they can be.
    """

    def __init__(self, base: Path, root: Path) -> None:
        self._base, self._root = base, root

    def find(self, text: str) -> list[str]:
        """The file of a path or id, as a path from the root: several where it is ambiguous, none where it is no image.

        A path that names an image but leads to no file is given back as it is; it counts as unreadable later on.
        """
        path = self._with_slashes(text)
        place = os.path.normpath(self._base / path)
        name = place.rpartition("/")[2]
        if is_image_name(name):
            if "/" not in path and not Path(place).exists() and (found := self._by_name.get(name)):
                return [self._file_name(str(file), path) for file in found]
            return [self._file_name(place, path)]
        if "/" in path:
            folder = Path(place).parent
            named = [*self._by_stem.get(name, []), *self._by_name.get(name, [])]
            found = [file for file in dict.fromkeys(named) if file.parent == folder]
        else:
            found = self._by_stem.get(name) or self._by_name.get(name, [])
        return [self._file_name(str(file), path) for file in found]

    @functools.cached_property
    def _by_name(self) -> dict[str, list[Path]]:
        return self._index(lambda file: file.name)

    @functools.cached_property
    def _by_stem(self) -> dict[str, list[Path]]:
        return self._index(lambda file: stem_of(file.name))

    @functools.cached_property
    def _files(self) -> list[Path]:
        return find_image_files(self._base, with_volumes=True).files if self._base.is_dir() else []

    def _index(self, key: Callable[[Path], str]) -> dict[str, list[Path]]:
        index: defaultdict[str, list[Path]] = defaultdict(list)
        for file in self._files:
            index[key(file)].append(file)
        return dict(index)

    def _with_slashes(self, path: str) -> str:
        """A path as Windows writes it, with slashes; where a file has backslashes in its name, that name."""
        return path if "\\" not in path or (self._base / path).exists() else path.replace("\\", "/")

    def _file_name(self, place: str, text: str) -> str:
        """Relative to the root where it can be, so that the same set on another machine has the same names."""
        if Path(place).is_relative_to(self._root) or not Path(text).is_absolute():
            return Path(os.path.relpath(place, self._root)).as_posix()
        return Path(place).as_posix()
