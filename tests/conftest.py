"""Fixtures that several test modules share."""

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


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


@pytest.fixture(autouse=True, scope="session")
def cache_of_the_tests(tmp_path_factory):
    """The user's cache is neither read nor written."""
    if "GANBAL_CACHE" in os.environ:
        yield
        return
    os.environ["GANBAL_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    yield
    os.environ.pop("GANBAL_CACHE", None)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tests marked `gpu` need a CUDA device."""
    if item.get_closest_marker("gpu") is not None:
        import torch

        if not torch.cuda.is_available():
            pytest.skip("needs a CUDA device")
