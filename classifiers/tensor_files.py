"""Safetensors files that carry a digest of their content, so that damage is found when they are read."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

WriteBytes = Callable[[Path, bytes], None]
"""Writes a file atomically and creates its folder; supplied by the program that uses this package."""

_METADATA_KEY = "content"


class UnreadableTensorFileError(Exception):
    """The file is missing, damaged or not written by `write_tensors`; the message gives the reason."""


class TensorFile(NamedTuple):
    """The content of a file."""

    tensors: dict[str, Tensor]
    metadata: dict[str, Any]
    """Further JSON values that were written with the tensors."""


def write_tensors(
    file: Path, tensors: Mapping[str, Tensor], write_bytes: WriteBytes, metadata: Mapping[str, Any] | None = None
) -> None:
    """Write tensors and JSON values; equal content gives equal bytes.

    Raises:
        OSError: the file cannot be written.
    """
    on_cpu = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    content = {"metadata": dict(metadata or {}), "sha256": content_digest(on_cpu, metadata)}
    # One metadata entry: safetensors writes several in random order.
    header = {_METADATA_KEY: json.dumps(content, sort_keys=True)}
    write_bytes(file, safetensors.torch.save(on_cpu, header))


def read_tensors(file: Path) -> TensorFile:
    """Read a file of `write_tensors` and check its digest.

    Raises:
        UnreadableTensorFileError: it is missing or damaged, or something else wrote it.
    """
    content, digest = _read_unchecked(file)
    if content_digest(content.tensors, content.metadata) != digest:
        raise UnreadableTensorFileError("damaged: its SHA-256 is not the one recorded in it")
    return content


def content_digest(tensors: Mapping[str, Tensor], metadata: Mapping[str, Any] | None = None) -> str:
    """SHA-256 of names, types, shapes and values of all tensors, on whatever device, and of the JSON values."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)} ".encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    digest.update(json.dumps(dict(metadata or {}), sort_keys=True).encode())
    return digest.hexdigest()


@dataclass(frozen=True)
class TensorCache:
    """A folder of files that can be computed again: a damaged file is deleted and counts as missing."""

    folder: Path
    write_bytes: WriteBytes

    def subfolder(self, name: str) -> "TensorCache":
        return TensorCache(self.folder / name, self.write_bytes)

    def names(self) -> list[str]:
        """Names of all files, sorted."""
        return sorted(file.stem for file in self.folder.glob("*.safetensors") if not file.name.startswith("."))

    def save(self, name: str, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any] | None = None) -> None:
        write_tensors(self._file(name), tensors, self.write_bytes, metadata)

    def load(self, name: str) -> TensorFile | None:
        """The content of a file, or None. One process checks the digest of a file once."""
        file = self._file(name)
        try:
            state = _state_of(file)
            content = _read_unchecked(file)[0] if state in _CHECKED else read_tensors(file)
        except (OSError, UnreadableTensorFileError):
            file.unlink(missing_ok=True)
            return None
        _CHECKED.add(state)
        return content

    def is_sound(self, name: str) -> bool:
        """Whether `load` returns the content."""
        return self._file(name).is_file() and (_state_of(self._file(name)) in _CHECKED or self.load(name) is not None)

    def peek(self, name: str, tensor_name: str) -> Tensor | None:
        """One tensor of a file, read without the rest and without a check of its digest."""
        try:
            with safe_open(self._file(name), framework="pt") as stored:
                return stored.get_tensor(tensor_name)
        except (OSError, SafetensorError):
            return None

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.safetensors"


_CHECKED: set[tuple[str, int, int]] = set()
"""States (path, size, modification time) of cache files whose digest this process has checked."""


def _state_of(file: Path) -> tuple[str, int, int]:
    status = file.stat()
    return str(file.absolute()), status.st_size, status.st_mtime_ns


def _read_unchecked(file: Path) -> tuple[TensorFile, str]:
    """The content and the digest recorded in the file."""
    try:
        with safe_open(file, framework="pt") as stored:
            content = json.loads(stored.metadata()[_METADATA_KEY])
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118 (not a dict)
            return TensorFile(tensors, content["metadata"]), content["sha256"]
    except (KeyError, TypeError) as error:  # of the metadata
        raise UnreadableTensorFileError("it is a safetensors file of something else") from error
    except (OSError, SafetensorError, ValueError, RuntimeError) as error:
        raise UnreadableTensorFileError((str(error).splitlines() or [type(error).__name__])[0]) from error
