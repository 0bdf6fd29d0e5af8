"""Feature vectors of images, found by the content of the images."""

import hashlib
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from classifiers.tensor_files import TensorCache


def image_digests(pixels: np.ndarray) -> list[bytes]:
    """SHA-256 of every image of (N, S, S) or (N, S, S, 3) uint8."""
    return [hashlib.sha256(image.tobytes()).digest() for image in pixels]


class FeatureCache:
    """Stores feature vectors by image digest: in files if it is given a folder, else in memory.

    A folder holds the features of one backbone at one image size. Files are added and never changed. A damaged file is
    deleted, and the features of its images are computed again.
    """

    def __init__(self, files: TensorCache | None = None) -> None:
        self._files = files
        self._parts: dict[str, Tensor] = {}
        """Features that are in memory, by the name of their part."""
        self._places: dict[bytes, tuple[str, int]] = {}
        """Part and row of each image."""
        for name in files.names() if files is not None else ():
            self._index(name)

    def missing(self, digests: Sequence[bytes]) -> list[bytes]:
        """Those of `digests` that have no features yet, each once, in order."""
        if self._files is not None:
            wanted = {self._places[digest][0] for digest in digests if digest in self._places}
            damaged = {name for name in wanted if not self._files.is_sound(name)}
            self._places = {digest: place for digest, place in self._places.items() if place[0] not in damaged}
        return [digest for digest in dict.fromkeys(digests) if digest not in self._places]

    def add(self, digests: Sequence[bytes], features: Tensor) -> None:
        """Store the features (N, F), on the CPU, of N images."""
        assert len(digests) == len(features)
        name = hashlib.sha256(b"".join(digests)).hexdigest()[:32]
        if self._files is None:
            self._parts[name] = features
        else:
            rows = torch.from_numpy(np.frombuffer(b"".join(digests), dtype=np.uint8).reshape(-1, 32).copy())
            self._files.save(name, {"digests": rows, "features": features})
        self._places.update({digest: (name, row) for row, digest in enumerate(digests)})

    def gather(self, digests: Sequence[bytes]) -> Tensor:
        """(N, F) features of N images that are not missing."""
        wanted: dict[str, list[tuple[int, int]]] = {}
        for position, digest in enumerate(digests):
            name, row = self._places[digest]
            wanted.setdefault(name, []).append((position, row))
        gathered: Tensor | None = None
        for name, pairs in wanted.items():
            features = self._features(name)
            if gathered is None:
                gathered = features.new_empty(len(digests), features.shape[1])
            positions, rows = torch.tensor(pairs).T
            gathered[positions] = features[rows]
        assert gathered is not None, "at least one image"
        return gathered

    def _features(self, name: str) -> Tensor:
        if self._files is None:
            return self._parts[name]
        part = self._files.load(name)
        assert part is not None, f"{name} was sound a moment ago"
        return part.tensors["features"]

    def _index(self, name: str) -> None:
        assert self._files is not None
        rows = self._files.peek(name, "digests")
        if rows is not None:
            self._places.update({row.tobytes(): (name, number) for number, row in enumerate(rows.numpy())})
