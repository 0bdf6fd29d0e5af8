"""Where caches are kept."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """Where decoded images and features are kept between runs: GANBAL_CACHE, else `outputs/.cache`."""
    return Path(os.environ.get("GANBAL_CACHE") or Path("outputs") / ".cache")
