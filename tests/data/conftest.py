"""Small image sets, made for each test."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganbal.config import DataConfig
from ganbal.data.dataset import Dataset, load_dataset
from ganbal.runtime.console import Console


def write_image(path: Path, *, size: tuple[int, int] = (12, 10), mode: str = "L", value: int | None = None) -> Path:
    """An image whose pixels depend on its name, or are all `value`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(list(path.name.encode()))
    pixels = rng.integers(0, 256, (size[1], size[0]), dtype=np.uint8)
    if value is not None:
        pixels[:] = value
    Image.fromarray(pixels).convert(mode).save(path)
    return path


@pytest.fixture(name="write_image")
def write_image_fixture() -> Callable[..., Path]:
    return write_image


@pytest.fixture
def make_images() -> Callable[[Path, Iterable[str]], Path]:
    """Write an image for every name, relative to a root; gives the root back."""

    def make(root: Path, names: Iterable[str]) -> Path:
        for name in names:
            write_image(root / name)
        return root

    return make


@pytest.fixture
def kaggle_set(tmp_path, make_images) -> Path:
    """24 NORMAL and 30 PNEUMONIA training images of one patient each, 5 and 6 to test, 2 and 2 to validate."""
    names = [
        *(f"train/NORMAL/IM-{n:04d}-0001.png" for n in range(24)),
        *(f"train/PNEUMONIA/person{n}_virus_{n}.png" for n in range(30)),
        *(f"test/NORMAL/IM-{n:04d}-0001.png" for n in range(100, 105)),
        *(f"test/PNEUMONIA/person{n}_bacteria_{n}.png" for n in range(100, 106)),
        *(f"val/NORMAL/NORMAL2-IM-{n:04d}-0001.png" for n in range(2)),
        *(f"val/PNEUMONIA/person{n}_bacteria_{n}.png" for n in range(200, 202)),
    ]
    return make_images(tmp_path / "chest", names)


@pytest.fixture(scope="session")
def real_dataset(chest_xray_root, tmp_path_factory) -> Dataset:
    """The real set at 16 px."""
    return load_dataset(
        DataConfig(root=chest_xray_root),
        sizes_px=[16],
        cache_root=tmp_path_factory.mktemp("cache"),
        console=Console(quiet=True),
    )
