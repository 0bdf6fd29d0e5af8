"""Fixtures that several tests of the scores share."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from threadpoolctl import threadpool_limits

from ganbal.metrics.features.inception import empty_inception


@pytest.fixture(scope="session", autouse=True)
def one_thread_for_small_matrices() -> Iterator[None]:
    """Threads on matrices this small mostly wait for one another, especially beside other test processes."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="session")
def random_inception_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights of FID's Inception, wide enough for the signal to reach the last layer."""
    generator = torch.Generator().manual_seed(0)
    weights = empty_inception().state_dict()
    for name, value in weights.items():
        if name.endswith("conv.weight"):
            inputs = value[0].numel()
            weights[name] = torch.randn(value.shape, generator=generator) * (2 / inputs) ** 0.5
    file = tmp_path_factory.mktemp("weights") / "random_inception.pth"
    torch.save(weights, file)
    return file


@pytest.fixture
def draw_chests() -> Callable[[int, int, int], np.ndarray]:
    """Smooth gray blobs with two dark ellipses: (number, size_px, seed) to uint8 (N, S, S)."""
    return _draw


@pytest.fixture
def write_pngs() -> Callable[[Path, np.ndarray], Path]:
    """Write uint8 (N, S, S) as PNG files into a folder."""

    def write(folder: Path, images: np.ndarray) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        for number, image in enumerate(images):
            Image.fromarray(image).save(folder / f"image_{number:04d}.png")
        return folder

    return write


def _draw(number: int, size_px: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:1:1j*size_px, 0:1:1j*size_px]  # fmt: skip
    images = []
    for _ in range(number):
        x, y, wide, tall = rng.uniform([0.25, 0.4, 0.1, 0.2], [0.35, 0.6, 0.18, 0.35])
        lungs = sum(((columns - c) / wide) ** 2 + ((rows - y) / tall) ** 2 < 1 for c in (x, 1 - x))
        coarse = rng.normal(0, 25, (6, 6)).astype(np.float32)
        texture = np.asarray(Image.fromarray(coarse).resize((size_px, size_px), Image.Resampling.BICUBIC))
        image = 170 - 80 * np.clip(lungs, 0, 1) + texture + rng.normal(0, 4, (size_px, size_px))
        images.append(np.clip(image, 0, 255).astype(np.uint8))
    return np.stack(images)
