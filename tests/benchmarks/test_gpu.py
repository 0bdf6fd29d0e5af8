import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
STAGES = ["limits", "gan", "classifiers", "scoring", "end_to_end", "workers", "projection", "variants", "gpu_tests"]
STAGES += ["search", "answer", "published", "generators", "arms", "profiles"]


@pytest.fixture
def gpu_stages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))


def test_a_tiny_run_on_the_cpu_goes_through_every_stage(tmp_path: Path) -> None:
    command = [sys.executable, str(BENCHMARKS / "gpu.py"), "run", "--device", "cpu", "--tiny", "--out", str(tmp_path)]
    done = subprocess.run([*command, "--budget", "1200"], capture_output=True, text=True)
    logs = "\n".join(file.read_text()[-1500:] for file in tmp_path.glob("*.log")) if done.returncode else ""
    assert done.returncode == 0, done.stdout + done.stderr + logs
    stages = json.loads((tmp_path / "results.json").read_text())["stages"]
    assert list(stages) == STAGES
    assert {outcome["status"] for outcome in stages.values()} == {"done"}
    figures = {name: outcome["figures"] for name, outcome in stages.items()}
    assert figures["limits"]["microseconds_per_launch"] > 0
    assert figures["gan"]["32 px, 8 channels, batch 8"]["steps_per_second"]["plain"] > 0
    assert figures["classifiers"]["cnn_64"]["images_per_second"]["ganbal"] > 0
    fid = figures["scoring"]["fid"]
    assert fid["ganbal score, FID only, first time"] == pytest.approx(fid["pytorch-fid"], rel=1e-3)
    assert 0 < figures["end_to_end"]["killed_at_step"] <= figures["end_to_end"]["gan_steps"]
    assert figures["end_to_end"]["synthetic_images"] > 0
    assert list(figures["end_to_end"]["seconds_from_continuing_to"])[-1] == "report"
    # All arms but those that need more than a generator of the minority class or cost as much as `gan`.
    assert figures["workers"]["6 workers"]["cells"] == len(figures["workers"]["arms"]) == 8
    assert [row["variant"] for row in figures["search"]["finished"]] == ["dcgan", "spectral, hinge"]
    assert (tmp_path / "search" / "table.md").is_file()
    studies = [f"{kind}-{name}" for kind in ("plain", "selected") for name in ("cnn_64", "transfer_mobilenet_v2")]
    assert figures["answer"]["studies"] == studies
    assert {choice["arm"] for choice in figures["answer"]["choices"].values()} < {
        *("gan-weighted", "gan-pretrain", "gan-degraded", "gan-advprop")
    }
    assert "| gan, selected | 1 |" in (tmp_path / "answer" / "answer.md").read_text()
    systems = [(row["name"], row["arm"]) for row in figures["published"]["systems"]]
    names = ("springboard_baseline_cnn", "springboard_vgg16")
    assert systems == [(name, arm) for name in names for arm in ("imbalanced", "gan")]
    assert all(len(row["honest"]) == len(row["documents"]) == 1 for row in figures["published"]["systems"])
    assert (tmp_path / "published" / "reproduction.csv").is_file()
    assert any("train_classifier" in name for name in figures["profiles"]["compare"]["with_what_they_call"])
    assert figures["generators"]["ended_too_early"] == []
    assert (tmp_path / "generators" / "0" / "last.safetensors").is_file()
    assert "| gan-weighted | 1 |" in figures["arms"]["table"] and (tmp_path / "arms" / "all_arms.md").is_file()
    assert figures["projection"]["all_arms_10_seeds_2_classifiers_s"] > 0
    assert (tmp_path / "run" / "report.html").is_file()
    assert list((tmp_path / "run" / "gan" / "samples").glob("*.png"))


@pytest.mark.usefixtures("gpu_stages")
def test_a_stage_that_no_longer_fits_is_skipped_with_a_reason(tmp_path: Path) -> None:
    from gpu_stages.runner import run_stages

    results = run_stages(settings_in(tmp_path), {}, budget=1, only=["limits", "projection"])
    assert [outcome["status"] for outcome in results["stages"].values()] == ["skipped", "skipped"]
    assert "the stage needs 10 s" in results["stages"]["limits"]["reason"]
    assert json.loads((tmp_path / "results.json").read_text()) == results


@pytest.mark.usefixtures("gpu_stages")
def test_a_stage_that_fails_keeps_its_figures_and_does_not_stop_the_next(tmp_path: Path) -> None:
    from gpu_stages.runner import run_stages

    # There are no images.
    environment = {"PYTHONPATH": str(BENCHMARKS.parent)}
    results = run_stages(settings_in(tmp_path), environment, budget=2000, only=["end_to_end", "projection"])
    run = results["stages"]["end_to_end"]
    assert run["status"] == "failed"
    assert "exit code 2" in run["reason"]
    assert run["figures"]["gan_steps"] == 20
    assert results["stages"]["projection"]["status"] == "done"
    assert results["stages"]["projection"]["figures"]["missing"] == ["gan", "workers", "scoring"]


@pytest.mark.usefixtures("gpu_stages")
def test_a_command_ends_with_the_stage_that_ran_out_of_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gpu_stages.runner import run_stage

    # Takes the place of ganbal, as `python -m` looks into the current folder first.
    (tmp_path / "ganbal").mkdir()
    (tmp_path / "ganbal" / "__main__.py").write_text(
        "import time\nprint('started', flush=True)\n"
        "while True:\n    print('.', file=open('beats', 'a'), end='')\n    time.sleep(0.02)\n"
    )
    monkeypatch.chdir(tmp_path)
    outcome = run_stage(settings_in(tmp_path)("end_to_end", 4), {})
    assert outcome["status"] == "out of time"
    assert "started" in outcome["end_of_log"]
    beats = (tmp_path / "beats").stat().st_size
    time.sleep(0.5)
    assert (tmp_path / "beats").stat().st_size == beats > 0


@pytest.mark.usefixtures("gpu_stages")
def test_packed_weights_come_back_as_their_float16_values(tmp_path: Path) -> None:
    from gpu_stages import pack

    state = {
        "conv.weight": torch.tensor([[1.0, -2.5], [1 / 3, float("nan")]]),
        "bn.num_batches_tracked": torch.tensor(7),
    }
    folder = tmp_path / "weights"
    folder.mkdir()
    torch.save(state, folder / pack.INCEPTION)
    for name, content in list(pack.weight_files(folder, [pack.INCEPTION])):
        (tmp_path / name).write_bytes(content)
    (folder / pack.INCEPTION).unlink()
    pack.write_weights(folder)
    unpacked = torch.load(folder / pack.INCEPTION, weights_only=True)
    # 1/3 in float16 is 0.333251953125.
    torch.testing.assert_close(
        unpacked["conv.weight"],
        torch.tensor([[1.0, -2.5], [0.333251953125, float("nan")]]),
        rtol=0,
        atol=0,
        equal_nan=True,
    )
    assert unpacked["bn.num_batches_tracked"] == 7


@pytest.mark.usefixtures("gpu_stages")
def test_packed_images_keep_folders_names_and_what_they_show(tmp_path: Path) -> None:
    from gpu_stages import pack

    data = tmp_path / "set" / "train" / "NORMAL"
    data.mkdir(parents=True)
    ramp = np.tile(np.linspace(0, 255, 224).astype(np.uint8), (224, 1))
    Image.fromarray(ramp).save(data / "IM-0001-0001.jpeg")
    for name, content in pack.image_files(tmp_path / "set", pack.IMAGE_QUALITY):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    pack.write_images(tmp_path / "images", tmp_path / "data")
    with Image.open(tmp_path / "data" / "train" / "NORMAL" / "IM-0001-0001.jpeg") as image:
        pixels = np.asarray(image).astype(float)
    assert pixels.shape == (160, 160)
    assert np.abs(pixels - np.linspace(0, 255, 160)).mean() < 3


@pytest.mark.usefixtures("gpu_stages")
def test_packages_that_the_machine_has_are_left_out_by_their_whole_name() -> None:
    from gpu_stages.pack import WHEELS, wanted_wheels

    assert wanted_wheels([]) == list(WHEELS)
    left_out = set(WHEELS) - set(wanted_wheels(["pydantic", "stringzilla"]))
    assert {wheel[:12] for wheel in left_out} == {"pydantic==2.", "stringzilla<"}


@pytest.mark.usefixtures("gpu_stages")
def test_packages_that_are_there_in_a_newer_version_are_not_replaced() -> None:
    from gpu_stages import pack

    assert not pack.is_missing("torch", "1.0")
    assert pack.is_missing("torch", "9999.0")
    assert pack.is_missing("no-such-distribution", "1.0")


@pytest.mark.usefixtures("gpu_stages")
def test_the_reference_program_gets_the_root_from_an_old_and_a_new_scipy() -> None:
    from reference_fid import with_disp

    old = with_disp(lambda matrix, disp=True: matrix**0.5 if disp else (matrix**0.5, 0.25))
    new = with_disp(lambda matrix: matrix**0.5)
    assert old(9.0) == new(9.0) == 3.0
    assert old(9.0, disp=False) == (3.0, 0.25)
    root, _ = new(9.0, disp=False)
    assert root == 3.0


@pytest.mark.usefixtures("gpu_stages")
def test_the_cost_of_a_study_is_that_of_its_start_and_of_its_cells() -> None:
    from gpu_stages.projection import start_and_seconds_per_cell
    from gpu_stages.workers import per_further_cell

    # Two workers: their first cells end after 20 and 21 s, the four others by 29 s.
    assert per_further_cell([20, 21, 23, 25, 27, 29], 2) == 2
    assert per_further_cell([20, 24], 2) == 12
    studies = {
        "steps": 1000,
        "2 workers": {"seconds": 30.0, "cells": 6, "seconds_per_further_cell": 2.0},
        "1 workers": {"seconds": 25.0, "cells": 3, "seconds_per_further_cell": 6.0},
        "2 workers, MPS": {"seconds": 20.0, "cells": 6, "seconds_per_further_cell": 1.0},
    }
    assert start_and_seconds_per_cell(studies, steps=3000) == (18.0, 6.0)
    assert start_and_seconds_per_cell({"steps": 1000}, steps=3000) is None


def settings_in(folder: Path):
    from gpu_stages.settings import Settings

    def make(stage: str, seconds: float) -> Settings:
        paths = dict.fromkeys(("data", "inception", "scratch", "out"), folder)
        return Settings(
            stage=stage, device="cpu", tiny=True, seconds=seconds, dims=64, mobilenet=None, vgg16=None, **paths
        )

    return make
