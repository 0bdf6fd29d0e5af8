"""Digests of settings and files."""

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
