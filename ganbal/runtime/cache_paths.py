"""Where caches are kept."""

import os
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """Folder of decoded images and features shared by all runs: GANBAL_CACHE, else the user's cache folder."""
    return Path(os.environ.get("GANBAL_CACHE") or platformdirs.user_cache_path("ganbal", appauthor=False))
