"""Images to be scored: a folder of any structure, or an array."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from classifiers.pixels import num_channels
from ganbal.config.data import Fit, NumChannels
from ganbal.data.colors import channels_for
from ganbal.data.data_warnings import DataWarning
from ganbal.data.decoding import decode_full_size
from ganbal.data.image_formats import IMAGE_SUFFIXES, find_image_files, printable
from ganbal.data.image_opening import decoded_bytes
from ganbal.data.image_reading import find_colored, find_intensity_range, hash_files
from ganbal.errors import InputError

_HASHED_ROWS = 256
_COLOR_SAMPLE = 32


class ImageSource(Protocol):
    """Images in a fixed order."""

    @property
    def name(self) -> str:
        """Origin of the images, for messages."""
        ...

    @property
    def names(self) -> Sequence[str]:
        """One unique name per image."""
        ...

    def __len__(self) -> int: ...

    def read(self, index: int) -> np.ndarray:
        """One image: uint8, (H, W) gray or (H, W, 3) RGB.

        Raises:
            UnreadableImageError: it cannot be decoded.
        """
        ...

    def num_bytes(self, index: int) -> int:
        """Approximate memory that decoding the image needs."""
        ...

    def digest(self) -> str:
        """SHA-256 of the contents in order. Names have no influence, so a moved folder keeps its digest."""
        ...


class FolderImages:
    """Every image file below a folder, at any depth, in the order of their paths; masks and hidden files left out."""

    def __init__(self, root: Path, fit: Fit = "stretch") -> None:
        """Find the files.

        Args:
            fit: how images that are not square become squares; with `stretch`, resizing does that.

        Raises:
            InputError: no such folder, it cannot be read, or it has no image file.
        """
        if not root.is_dir():
            raise InputError(
                found=f"{root} is a file, not a folder." if root.exists() else f"There is no folder at {root}.",
                expected="Scores need a folder with images at any depth, or a pytorch-fid .npz file of statistics.",
                action="Correct the path.",
            )
        self.root, self.name, self.fit = root, printable(root), fit
        found = find_image_files(root)
        self.paths = found.files
        self.warnings: list[DataWarning] = found.warnings()
        if not self.paths:
            raise InputError(
                found=" ".join([f"There are no images in {self.name}, at any depth.", *map(str, self.warnings)]),
                expected=f"Scores need images ({', '.join(IMAGE_SUFFIXES)}).",
                action="Correct the path of the folder.",
            )
        self.names = [path.relative_to(root).as_posix() for path in self.paths]
        self.intensity, _ = find_intensity_range(self.paths)
        self._digest: str | None = None

    def __len__(self) -> int:
        return len(self.paths)

    def read(self, index: int) -> np.ndarray:
        return decode_full_size(self.paths[index], self.intensity, self.fit)

    def num_bytes(self, index: int) -> int:
        return decoded_bytes(self.paths[index])

    def digest(self) -> str:
        if self._digest is None:
            total = hashlib.sha256()
            if self.intensity is not None:
                total.update(repr(tuple(self.intensity)).encode())
            if self.fit != "stretch":
                total.update(self.fit.encode())
            for _, file_hash in hash_files(self.root, self.names):
                total.update(file_hash.encode())
            self._digest = total.hexdigest()
        return self._digest

    def channels(self) -> NumChannels:
        """3 if at least half of some evenly spaced images show color, else 1."""
        chosen = np.unique(np.linspace(0, len(self.paths) - 1, _COLOR_SAMPLE).astype(int))
        return channels_for(find_colored([self.paths[i] for i in chosen]))


def open_folders(*roots: Path, fit: Fit = "stretch") -> list[FolderImages]:
    """Folders to be compared, with one intensity range for the deep images of them all."""
    folders = [FolderImages(root, fit) for root in roots]
    if any(folder.intensity is not None for folder in folders):
        common, _ = find_intensity_range([path for folder in folders for path in folder.paths])
        for folder in folders:
            folder.intensity = common
    return folders


class ArrayImages:
    """Decoded images."""

    def __init__(self, pixels: np.ndarray, *, name: str, names: Sequence[str] | None = None) -> None:
        """Wrap `pixels`, (N, H, W) or (N, H, W, 3) uint8."""
        is_image_set = pixels.ndim == 3 or (pixels.ndim == 4 and pixels.shape[3] == 3)
        assert pixels.dtype == np.uint8 and is_image_set, f"uint8 (N, H, W[, 3]), got {pixels.dtype} {pixels.shape}"
        assert names is None or len(names) == len(pixels), "one name per image"
        self.pixels, self.name = pixels, name
        self.names = list(names) if names is not None else [f"{name}[{i}]" for i in range(len(pixels))]
        self._digest: str | None = None

    def __len__(self) -> int:
        return len(self.pixels)

    def channels(self) -> int:
        """3 for RGB, else 1."""
        return num_channels(self.pixels)

    def read(self, index: int) -> np.ndarray:
        return np.asarray(self.pixels[index])

    def num_bytes(self, index: int) -> int:
        return int(self.pixels[index].nbytes)

    def digest(self) -> str:
        if self._digest is None:
            total = hashlib.sha256(repr(self.pixels.shape).encode())
            for start in range(0, len(self.pixels), _HASHED_ROWS):
                total.update(self.pixels[start : start + _HASHED_ROWS].tobytes())
            self._digest = total.hexdigest()
        return self._digest
