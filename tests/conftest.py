"""What several test modules share."""

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
