"""Fixtures that several test modules share."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ganbal.runtime.locks import folder_lock

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED = REPOSITORY.parent / "shared"


@pytest.fixture(scope="session")
def chest_xray_root() -> Path:
    """The real chest X-ray set, where it lies beside the project."""
    root = SHARED / "data" / "chest_xray"
    if not root.is_dir():
        pytest.skip("needs the real image set beside the project (shared/data/chest_xray)")
    return root


@pytest.fixture(scope="session")
def shared_weights() -> Path:
    """The folder of real pretrained weights, where it lies beside the project."""
    folder = SHARED / "weights"
    if not folder.is_dir():
        pytest.skip("needs pretrained weights beside the project (shared/weights)")
    return folder


@pytest.fixture(scope="session")
def folder_of_all_workers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A temporary folder that all processes of one call of pytest share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def made_once(folder_of_all_workers: Path) -> Callable[[str, Callable[[Path], None]], Path]:
    """`made_once(name, make)` gives a folder that `make` has filled, in one of the processes; tests only read it."""

    def folder_of(name: str, make: Callable[[Path], None]) -> Path:
        folder, mark = folder_of_all_workers / name, folder_of_all_workers / f"{name}.made"
        with folder_lock(folder_of_all_workers / f"{name}.lock", "test material", on_wait=lambda holder: None):
            if not mark.exists():
                make(folder)
                mark.touch()
        return folder

    return folder_of


@pytest.fixture(scope="session")
def wheel(made_once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """The wheel, built without a network connection from the files that the Dockerfile copies."""
    (file,) = made_once("wheel", _build_wheel).glob("*.whl")
    return file


def _build_wheel(folder: Path) -> None:
    source = folder / "source"
    source.mkdir(parents=True)
    for line in re.findall(r"^COPY (.+) /source\S*$", (REPOSITORY / "Dockerfile").read_text(encoding="utf-8"), re.M):
        for name in line.split():
            copy = shutil.copytree if (REPOSITORY / name).is_dir() else shutil.copy
            copy(REPOSITORY / name, source / name)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "wheel"]
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder)]
    done = subprocess.run([*pip, *options, str(source)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture(autouse=True, scope="session")
def cache_of_the_tests(folder_of_all_workers: Path):
    """The user's cache is neither read nor written."""
    if "GANBAL_CACHE" in os.environ:
        yield
        return
    os.environ["GANBAL_CACHE"] = str(folder_of_all_workers / "cache")
    yield
    os.environ.pop("GANBAL_CACHE", None)


@pytest.fixture
def one_torch_thread() -> Iterator[None]:
    """Small networks are slower on several threads, the more so when other tests run beside them."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tests marked `gpu` need a CUDA device."""
    if item.get_closest_marker("gpu") is not None:
        import torch

        if not torch.cuda.is_available():
            pytest.skip("needs a CUDA device")
