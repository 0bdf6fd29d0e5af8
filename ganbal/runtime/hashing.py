"""Digests of settings and files."""

import functools
import hashlib
import json
from pathlib import Path
from typing import Any


def digest_of(*parts: Any) -> str:
    """A short digest of settings and digests, equal for equal content whatever the order of keys."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def file_digest(path: Path) -> str:
    """SHA-256 of the file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def large_file_digest(path: Path) -> str:
    """SHA-256 of the file's content, computed once per process for each of its states (time of change and size)."""
    status = path.stat()
    return _digest_of_state(path.absolute(), status.st_mtime_ns, status.st_size)


@functools.lru_cache(maxsize=32)
def _digest_of_state(path: Path, mtime_ns: int, size: int) -> str:
    return file_digest(path)
