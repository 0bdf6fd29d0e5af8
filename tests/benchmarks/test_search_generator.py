"""The search for a better generator: its variants, its ranking, and a whole search of the smallest size."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from ganbal.config import load_config

VARIANTS = ["dcgan", "small-data, both classes", "small-data, half of the steps on all classes"]
BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))


def row(kid, recall, coverage, auc, diversity=1.0, copies=0.0):
    return {
        "inception KID x 1000": kid,
        "inception precision": 0.5,
        "inception recall": recall,
        "inception coverage": coverage,
        "CNN AUC, epoch 1": auc,
        "CNN AUC, epoch 3": 1.0,
        "diversity": diversity,
        "copies": copies,
    }


def test_variants_are_ranked_by_their_mean_rank_and_degenerate_ones_come_last() -> None:
    from generator_search.ranking import ranked_variants

    found = ranked_variants(
        {
            "collapsed": [row(0.1, 1, 1, 0.5, diversity=0.69)],
            "failed": [row(0.2, 1, 1, 0.5), None],
            "a": [row(2, 0.1, 0.3, 0.9)],  # ranks 2, 2.5, 1, 2: mean 1.875
            "b": [row(1, 0.2, 0.2, 0.8)],  # ranks 1, 1, 2.5, 1: mean 1.375
            "c": [row(2, 0.1, 0.1, 0.95), row(4, 0.1, 0.3, 0.95)],  # means 3, 0.1, 0.2: ranks 3, 2.5, 2.5, 3
            "copies": [row(0.1, 1, 1, 0.5, copies=0.06)],
        }
    )
    assert [name for name, _, _ in found] == ["b", "a", "c", "collapsed", "copies", "failed"]
    assert [rank for _, rank, _ in found] == [1.375, 1.875, 2.75, None, None, None]
    assert found[2][2]["inception KID x 1000"] == 3


def test_every_variant_has_settings_that_exist() -> None:
    from search_generator import VARIANTS_FILE, read_variants

    variants = read_variants(VARIANTS_FILE)
    assert len(variants) >= 20
    configs = {one.name: load_config(None, ["gan.base_channels=32", *one.settings]).gan for one in variants}
    assert configs["relativistic, 0.05, every step"].r2_gamma == 0.05
    assert len({(repr(configs[one.name]), one.pretrain_share) for one in variants}) == len(configs) == len(variants)
    assert {one.pretrain_share for one in variants} == {None, 0.5}


def test_a_tiny_search_measures_ranks_and_continues(tmp_path: Path) -> None:
    command = [sys.executable, str(BENCHMARKS / "search_generator.py"), "phantom", "--tiny", "--device", "cpu"]
    command += ["--out", str(tmp_path), "--only", *VARIANTS]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    with (tmp_path / "table.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["variant"] for row in rows[1:]] == VARIANTS
    for name in ("untrained KID x 1000", "untrained coverage", "CNN AUC, epoch 3", "spectrum off (dB)", "copies"):
        assert all(float(row[name]) >= 0 for row in rows[1:]), name
    assert 0 <= float(rows[0]["CNN AUC, epoch 3"]) <= 1
    assert "| 1 |" in (tmp_path / "table.md").read_text()
    grids = sorted(tmp_path.glob("*/0/grid.png"))
    with Image.open(grids[0]) as image:
        assert len(grids) == 3 and image.width > 2 * 6 * 32
    times = [file.stat().st_mtime_ns for file in sorted(tmp_path.glob("*/0/measures.json"))]
    (tmp_path / "table.md").unlink()
    assert subprocess.run(command, capture_output=True).returncode == 0
    assert times == [file.stat().st_mtime_ns for file in sorted(tmp_path.glob("*/0/measures.json"))]
    assert (tmp_path / "table.md").is_file()

    checkpoint = next(tmp_path.glob("*/0/checkpoints/last.pt"))
    measured = [*command[:6], "--out", str(tmp_path), "--measure", str(checkpoint)]
    assert subprocess.run(measured, capture_output=True).returncode == 0
    row = json.loads((tmp_path / "measured" / "0-last" / "measures.json").read_text())
    trained = json.loads((checkpoint.parents[1] / "measures.json").read_text())
    assert {name: row[name] for name in row if name not in ("file", "step")} == {
        name: trained[name] for name in trained if name not in ("variant", "seed", "seconds")
    }
    assert (tmp_path / "measured" / "0-last" / "grid.png").is_file()
