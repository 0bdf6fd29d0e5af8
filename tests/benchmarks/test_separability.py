"""At which scale images are separated: what each reduction leaves, and a run of the smallest size."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from ganbal.cli import main

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def views(monkeypatch: pytest.MonkeyPatch) -> dict:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from separability import VIEWS

    return VIEWS


def test_what_the_reductions_leave(views: dict) -> None:
    images = np.tile(np.array([[0, 200], [100, 0]], np.uint8), (3, 8, 8))  # 3 checkered images of 16 px
    assert (views["half the size"](images) == 75).all() and views["half the size"](images).shape == (3, 8, 8)
    assert views["a quarter of the size"](images[:, :15, :15]).shape == (3, 3, 3)
    flat = np.full((2, 16, 16), 90, np.uint8)
    assert (views["blurred, sigma 2 px"](flat) == 90).all()
    assert (views["only what a blur of 1 px removes"](flat) == 128).all()
    assert np.ptp(views["blurred, sigma 1 px"](images)) < 100
    exposed = views["equal mean and contrast"](images)
    assert abs(exposed.mean() - 128) < 1 and abs(exposed.std() - 50) < 1
    assert (views["equal mean and contrast"](flat) == 128).all()
    np.testing.assert_array_equal(views["center"](images), images[:, 4:12, 4:12])
    border = views["border"](images)
    assert (border[:, 2:14, 2:14] == 128).all() and (border[:, :2] == images[:, :2]).all()
    noise = views["noise of 8 gray levels"](np.full((40, 16, 16), 128, np.uint8)).astype(float)
    assert abs(noise.std() - 8) < 0.3 and abs(noise.mean() - 128) < 0.3


@pytest.mark.parametrize("name", ["half the size", "border", "noise of 16 gray levels"])
def test_reductions_do_not_change_their_argument(views: dict, name: str) -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 16, 16), np.uint8)
    before = images.copy()
    views[name](images)
    np.testing.assert_array_equal(images, before)


def test_a_run_of_untrained_images_is_separated_at_every_scale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = ["data.phantom_images=160", "data.val_fraction=0.4", "gan.steps=1", "gan.base_channels=4"]
    settings += ["gan.image_size_px=32", "gan.batch_size=8", "gan.latent_dim=8", "synthesis.num_images=60"]
    words = [word for setting in settings for word in ("--set", setting)]
    for command in (["train-gan", "--data", "phantom", "--yes", *words], ["synthesize"]):
        done = CliRunner().invoke(main, [*command, "--run", "run", "--device", "cpu"])
        assert done.exit_code == 0, done.output
    command = [sys.executable, str(BENCHMARKS / "separability.py"), "--run", "run", "--epochs", "8"]
    done = subprocess.run(
        [*command, "--only", "as they are", "half the size", "--json", "found.json"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "| half the size |" in done.stdout
    found = json.loads(Path("found.json").read_text())
    assert all(len(areas) == 1 and len(areas[0]) == 8 for areas in found["aucs"].values())
    assert min(found["mean of the last epoch"].values()) > 0.9
