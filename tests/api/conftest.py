"""A tiny data set and tiny settings for calls from Python."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

import ganbal
from ganbal.data.phantom.dataset import ensure_phantom_set
from ganbal.runtime.cache_paths import cache_folder
from ganbal.runtime.console import Console

MadeOnce = Callable[[str, Callable[[Path], None]], Path]

TINY = {
    "device": "cpu",
    "gan": {"image_size_px": 32, "base_channels": 4, "batch_size": 8, "score_images": 16, "latent_dim": 8},
    "score": {"extractor": "untrained", "floor_splits": 2},
    "study": {"image_size_px": 32, "classifiers": ["pixel_svm"], "workers": 1, "steps": 4, "checks": 1},
}


@pytest.fixture(scope="session")
def phantom_folder(made_once: MadeOnce) -> Path:
    """120 images in Kaggle's layout: NORMAL and PNEUMONIA."""
    return made_once(
        "phantom of the api",
        lambda folder: shutil.copytree(ensure_phantom_set(cache_folder(), 120, Console(quiet=True)), folder),
    )


@pytest.fixture(scope="session")
def trained(made_once: MadeOnce, phantom_folder: Path) -> tuple[ganbal.Data, ganbal.Generator]:
    """Data and a generator of NORMAL, trained for a few steps; tests do not write into its run."""

    def make(folder: Path) -> None:
        ganbal.train_gan(_load(phantom_folder), "NORMAL", steps=4, run=folder / "run", quiet=True)

    folder = made_once("trained by the api", make)
    data = _load(phantom_folder)
    return data, ganbal.train_gan(data, "NORMAL", steps=4, run=folder / "run", quiet=True)


def _load(folder: Path) -> ganbal.Data:
    return ganbal.load(folder, settings=TINY, quiet=True)


@pytest.fixture
def workplace(tmp_path: Path, phantom_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder with a data set `chest_xray`; GANBAL_CONFIG names tiny settings."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "chest_xray").symlink_to(phantom_folder)
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(TINY), encoding="utf-8")
    monkeypatch.setenv("GANBAL_CONFIG", str(tmp_path / "tiny.yaml"))
    return tmp_path


@pytest.fixture(autouse=True)
def without_environment() -> Iterator[None]:
    before = os.environ.pop("GANBAL_DATA", None)
    yield
    if before is not None:
        os.environ["GANBAL_DATA"] = before
