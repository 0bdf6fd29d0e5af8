"""File names from names that people chose."""

import hashlib
import re


def file_stem(name: str) -> str:
    """`name` itself where it is safe in a file name and an address; else a safe one that no other name shares."""
    safe = re.sub(r"[^a-z0-9_-]+", "-", name.lower()).strip("-")[:40]
    return safe if safe == name and safe else f"{safe or 'name'}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"
