"""Where images to be scored come from: a folder of any shape, or an array."""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np

from ganbal.errors import InputError
from ganbal.metrics.features.decoding import decode, digest_file, worker_count

IMAGE_SUFFIXES = frozenset(
    [".bmp", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"]
)
_HASHED_ROWS = 256


class ImageSource(Protocol):
    """Images in a fixed order."""

    @property
    def name(self) -> str:
        """For people: where they come from."""
        ...

    @property
    def names(self) -> Sequence[str]:
        """One for each image, unique."""
        ...

    def __len__(self) -> int: ...

    def read(self, index: int) -> np.ndarray:
        """One image: uint8, (H, W) grey or (H, W, 3) RGB.

        Raises:
            UnreadableImageError: it cannot be decoded.
        """
        ...

    def digest(self) -> str:
        """SHA-256 of the contents in order; names play no part, so a moved folder keeps its digest."""
        ...


class FolderImages:
    """Every image file below a folder, at any depth, in the order of their paths."""

    def __init__(self, root: Path) -> None:
        """Find the files.

        Raises:
            InputError: no such folder, or no image file in it.
        """
        if not root.is_dir():
            raise InputError(
                expected=f"a folder of images at {root}",
                found="a file" if root.exists() else "nothing there",
                action="Give a folder with images in it (any depth), or a pytorch-fid .npz file of statistics.",
            )
        self.root, self.name = root, str(root)
        found = (path for path in root.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file())
        self._paths = sorted(path for path in found if not path.name.startswith("."))
        if not self._paths:
            raise InputError(
                expected=f"images in {root} ({', '.join(sorted(IMAGE_SUFFIXES))})",
                found="none at any depth",
                action="Check the folder's name.",
            )
        self.names = [path.relative_to(root).as_posix() for path in self._paths]
        self._digest: str | None = None

    def __len__(self) -> int:
        return len(self._paths)

    def read(self, index: int) -> np.ndarray:
        return decode(self._paths[index])

    def digest(self) -> str:
        if self._digest is None:
            total = hashlib.sha256()
            with ThreadPoolExecutor(worker_count()) as pool:
                for file_digest in pool.map(digest_file, self._paths):
                    total.update(file_digest)
            self._digest = total.hexdigest()
        return self._digest


class ArrayImages:
    """Grey images that are already decoded."""

    def __init__(self, pixels: np.ndarray, *, name: str, names: Sequence[str] | None = None) -> None:
        """Wrap `pixels`, (N, H, W) uint8."""
        assert pixels.dtype == np.uint8 and pixels.ndim == 3, f"uint8 (N, H, W), got {pixels.dtype} {pixels.shape}"
        assert names is None or len(names) == len(pixels), "one name an image"
        self.pixels, self.name = pixels, name
        self.names = list(names) if names is not None else [f"{name}[{i}]" for i in range(len(pixels))]
        self._digest: str | None = None

    def __len__(self) -> int:
        return len(self.pixels)

    def read(self, index: int) -> np.ndarray:
        return np.asarray(self.pixels[index])

    def digest(self) -> str:
        if self._digest is None:
            total = hashlib.sha256(repr(self.pixels.shape).encode())
            for start in range(0, len(self.pixels), _HASHED_ROWS):
                total.update(self.pixels[start : start + _HASHED_ROWS].tobytes())
            self._digest = total.hexdigest()
        return self._digest
