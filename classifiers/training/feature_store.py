"""Feature vectors of images, found again by the images' content."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from classifiers.atomic_file import save_tensors


def image_digests(pixels: np.ndarray) -> list[bytes]:
    """SHA-256 of every image of (N, S, S) uint8."""
    return [hashlib.sha256(image.tobytes()).digest() for image in pixels]


class FeatureStore:
    """Keeps feature vectors by image digest: on disk where it is given a folder, else in memory only.

    A folder holds the features of one backbone at one image size. Its files are added to and never changed; a file
    that does not read is passed over, and its images count as unknown.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._places: dict[bytes, tuple[Path | Tensor, int]] = {}
        for file in sorted(folder.glob("*.safetensors")) if folder is not None else ():
            self._index_file(file)

    def unknown(self, digests: Sequence[bytes]) -> list[bytes]:
        """Those of `digests` that have no features yet, each once, in order."""
        return [digest for digest in dict.fromkeys(digests) if digest not in self._places]

    def add(self, digests: Sequence[bytes], features: Tensor) -> None:
        """Keep the features (N, F), on the CPU, of N images."""
        assert len(digests) == len(features)
        place: Path | Tensor = features
        if self._folder is not None:
            rows = torch.from_numpy(np.frombuffer(b"".join(digests), dtype=np.uint8).reshape(-1, 32).copy())
            name = hashlib.sha256(b"".join(digests)).hexdigest()[:32]
            target = self._folder / f"{name}.safetensors"
            save_tensors(target, {"digests": rows, "features": features})
            place = target
        self._places.update({digest: (place, row) for row, digest in enumerate(digests)})

    def gather(self, digests: Sequence[bytes]) -> Tensor:
        """(N, F) features of N known images."""
        wanted: dict[Path | Tensor, list[tuple[int, int]]] = {}
        for position, digest in enumerate(digests):
            place, row = self._places[digest]
            wanted.setdefault(place, []).append((position, row))
        gathered: Tensor | None = None
        for place, pairs in wanted.items():
            features = place if isinstance(place, Tensor) else _read_features(place)
            if gathered is None:
                gathered = features.new_empty(len(digests), features.shape[1])
            positions, rows = torch.tensor(pairs).T
            gathered[positions] = features[rows]
        assert gathered is not None, "no image asked for"
        return gathered

    def _index_file(self, file: Path) -> None:
        try:
            with safe_open(file, framework="pt") as tensors:
                digests = tensors.get_tensor("digests").numpy()
        except (OSError, SafetensorError):
            return
        self._places.update({digest.tobytes(): (file, row) for row, digest in enumerate(digests)})


def _read_features(file: Path) -> Tensor:
    with safe_open(file, framework="pt") as tensors:
        return tensors.get_tensor("features")
