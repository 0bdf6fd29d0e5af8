import sys
from pathlib import Path

import pandas as pd
import pytest

import ganbal
from ganbal.data.phantom.dataset import ensure_phantom_set
from ganbal.runtime.cache_paths import cache_folder
from ganbal.runtime.console import Console

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
TINY = {"gan.base_channels": 4, "gan.latent_dim": 8, "gan.batch_size": 8, "gan.score_images": 16}


def test_every_arm_is_compared_in_one_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import all_arms

    folder = ensure_phantom_set(cache_folder(), 120, Console(quiet=True))
    data = ganbal.load(folder, settings=TINY, device="cpu", quiet=True)
    command = ["all_arms.py", str(folder), "--steps", "2", "--seeds", "1", "--workers", "1"]
    for number, name in enumerate(data.classes):
        generator = ganbal.train_gan(data, name, steps=2, image_size_px=32, run=tmp_path / name, quiet=True)
        command += ["--generator", str(generator.save(tmp_path / f"{number}.safetensors"))]
    monkeypatch.setattr(sys, "argv", [*command, "--out", str(tmp_path / "run"), "--device", "cpu"])
    all_arms.main()
    results = pd.read_csv(tmp_path / "run" / "study" / "results.csv")
    # The network learns its features, which smote needs fixed, and gan-advprop needs batch normalization.
    assert set(results["arm"]) == set(all_arms.ARMS) - {"smote", "gan-advprop"}
    table = (tmp_path / "run" / all_arms.TABLE).read_text()
    assert table.count("\n| ") == 1 + results["arm"].nunique() and table in capsys.readouterr().out
