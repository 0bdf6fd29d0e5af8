"""`synthesize --select` from the command line: what the files say of the images that were kept."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from ganbal.cli import main
from ganbal.errors import GanbalError, InterruptedBySignal

TINY = (
    *("--data", "phantom", "--device", "cpu", "--set", "data.phantom_images=120", "--set", "gan.image_size_px=32"),
    *("--set", "gan.base_channels=4", "--set", "gan.batch_size=8", "--set", "gan.latent_dim=8", "--set", "gan.steps=6"),
    *("--set", "gan.score_images=16"),
)


def ganbal(*arguments):
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output


@pytest.fixture(scope="module")
def trained_run(tmp_path_factory):
    """A run with a generator and without images; read only."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("trained"))
        patch.delenv("GANBAL_DATA", raising=False)
        ganbal("train-gan", *TINY, "--run", "here")
        return Path("here").absolute()


@pytest.fixture
def here(trained_run, tmp_path, monkeypatch, one_torch_thread):
    """A working folder with a copy of the run."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(trained_run, tmp_path / "here")


def test_each_selected_image_is_recorded_with_rank_group_and_confirmed_label(here, tmp_path):
    folder = tmp_path / "here" / "synthetic"
    for confirms in (True, False):
        ganbal(
            *("synthesize", "--run", "here", "--n", "6", "--select", "8", "--overwrite"),
            *("--set", f"synthesis.confirm_labels={str(confirms).lower()}"),
        )
        with (folder / "manifest.csv").open() as file:
            rows = list(csv.DictReader(file))
        summary = json.loads((folder / "synthesis.json").read_text())
        assert len(rows) == len({row["index"] for row in rows}) == 6
        assert max(int(row["index"]) for row in rows) < summary["selected_from"] == 48
        assert all(0 <= float(row["separability"]) <= 1 and int(row["group"]) >= 0 for row in rows)
        if confirms:
            assert all(0.05 <= float(row["label_rank"]) <= 1 for row in rows)
            assert 0 <= summary["num_unconfirmed"] <= 42
        else:
            assert {row["label_rank"] for row in rows} == {""}
            assert summary["num_unconfirmed"] == 0


def test_a_failed_selection_leaves_the_earlier_images_and_settings(here, tmp_path, monkeypatch):
    def fail(*arguments, **options):
        raise GanbalError("Of 6 generated images, 0 have a confirmed label.")

    def state():
        files = [tmp_path / "here" / name for name in ("config.yaml", "provenance.json", "data.json")]
        files += (file for file in (tmp_path / "here" / "synthetic").rglob("*") if file.is_file())
        return {file: file.read_bytes() for file in files if file.is_file()}

    before_any, replaced = state(), ("synthesize", "--run", "here", "--n", "3", "--select", "2", "--overwrite")
    monkeypatch.setattr("ganbal.synthesis.selection.select_images", fail)
    assert CliRunner().invoke(main, replaced).exit_code == 1
    assert state() == before_any, "without earlier images"
    ganbal("synthesize", "--run", "here", "--n", "5")
    before = state()
    done = CliRunner().invoke(main, replaced)
    assert done.exit_code == 1 and "0 have a confirmed label" in done.output
    assert state() == before
    again = CliRunner().invoke(main, ["synthesize", "--run", "here"])
    assert again.exit_code == 0 and "done before, nothing changed" in again.output


def test_an_interrupted_selection_is_continued_by_the_command_without_options(here, tmp_path, monkeypatch):
    def interrupt(*arguments, **options):
        raise InterruptedBySignal("Interrupted.")

    ganbal("synthesize", "--run", "here", "--n", "5")
    with monkeypatch.context() as patch:
        patch.setattr("ganbal.synthesis.selection.select_images", interrupt)
        options = ("--n", "3", "--select", "8", "--overwrite", "--set", "synthesis.confirm_labels=false")
        assert CliRunner().invoke(main, ["synthesize", "--run", "here", *options]).exit_code == 130
    ganbal("synthesize", "--run", "here")
    summary = json.loads((tmp_path / "here" / "synthetic" / "synthesis.json").read_text())
    assert (summary["num_images"], summary["selected_from"]) == (3, 24)
    assert len(list((tmp_path / "here" / "synthetic").rglob("*.png"))) == 3
