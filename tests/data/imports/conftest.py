"""Data sets that need an import, located as the commands do it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ganbal.config import DataConfig
from ganbal.data.locating import LocatedSource, locate
from ganbal.runtime.console import Console


@pytest.fixture
def find(tmp_path) -> Callable[..., LocatedSource]:
    def find(root: Path | str, **settings: object) -> LocatedSource:
        return locate(DataConfig(root=root, **settings), tmp_path / "cache", Console(quiet=True))

    return find
