"""Agreement with the pytorch-fid program: same folders, same weights."""

import inspect
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import scipy.linalg
import torch
from pytorch_fid.fid_score import calculate_fid_given_paths, save_fid_stats
from pytorch_fid.inception import FID_WEIGHTS_URL

from ganbal.config import ScoreConfig
from ganbal.metrics.scoring import score_sets
from ganbal.runtime.console import Console

SHARED_WEIGHTS = Path(__file__).resolve().parents[3] / "shared" / "weights"

needs_matrix_root = pytest.mark.skipif(
    "disp" not in inspect.signature(scipy.linalg.sqrtm).parameters,
    reason="pytorch-fid's own distance needs scipy below 1.18",
)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Callable[[Path], None]]:
    """Puts a file where pytorch-fid looks for its download."""
    before = torch.hub.get_dir()
    torch.hub.set_dir(str(tmp_path / "hub"))

    def install(weights: Path) -> None:
        target = tmp_path / "hub" / "checkpoints" / Path(FID_WEIGHTS_URL).name
        target.parent.mkdir(parents=True)
        shutil.copyfile(weights, target)

    yield install
    torch.hub.set_dir(before)


@pytest.fixture
def folders(tmp_path: Path, draw_chests: Callable, write_pngs: Callable) -> tuple[Path, Path]:
    real = write_pngs(tmp_path / "real", draw_chests(16, 80, 0))
    return real, write_pngs(tmp_path / "synthetic", draw_chests(18, 64, 1) // 2 + 40)


def our_fid(real: Path, synthetic: Path, config: ScoreConfig) -> float:
    scores = score_sets(
        real,
        synthetic,
        config=config.model_copy(update={"metrics": ("fid",), "floor_splits": 2}),
        device=torch.device("cpu"),
        cache_root=None,
        seed=0,
        console=Console(quiet=True),
    )
    return scores["scores"][0]["value"]


@pytest.fixture
def best_weights(random_inception_file: Path) -> Path:
    """The real weights where they lie beside the project, else random ones."""
    real = SHARED_WEIGHTS / "fid_inception_2015-12-05_dims768.pth"
    return real if real.is_file() else random_inception_file


@needs_matrix_root
def test_at_64_192_and_768(folders: tuple[Path, Path], hub: Callable[[Path], None], best_weights: Path) -> None:
    hub(best_weights)
    for dims in (64, 192, 768):
        expected = calculate_fid_given_paths([str(f) for f in folders], 16, "cpu", dims, num_workers=0)
        assert our_fid(*folders, ScoreConfig(dims=dims, weights=best_weights)) == pytest.approx(expected, rel=1e-4)


@needs_matrix_root
def test_at_2048_with_random_weights(
    folders: tuple[Path, Path], hub: Callable[[Path], None], random_inception_file: Path
) -> None:
    hub(random_inception_file)
    expected = calculate_fid_given_paths([str(f) for f in folders], 16, "cpu", 2048, num_workers=0)
    assert our_fid(*folders, ScoreConfig(weights=random_inception_file)) == pytest.approx(expected, rel=1e-4)


def test_its_statistics_file_in_place_of_a_folder(
    folders: tuple[Path, Path], hub: Callable[[Path], None], random_inception_file: Path, tmp_path: Path
) -> None:
    hub(random_inception_file)
    statistics = tmp_path / "real.npz"
    save_fid_stats([str(folders[0]), str(statistics)], 16, "cpu", 64)
    # The cached download is found without being named.
    config = ScoreConfig(dims=64)
    from_statistics, from_folder = (our_fid(real, folders[1], config) for real in (statistics, folders[0]))
    assert from_statistics == pytest.approx(from_folder, rel=1e-5)
    assert np.isfinite(from_folder) and from_folder > 0
