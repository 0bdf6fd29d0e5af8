"""A study with less of the minority class, from the command line: generators that saw no more than the classifiers."""

import csv
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
import torch
from click.testing import CliRunner

from ganbal.cli import main
from ganbal.gan.checkpoint import read_stored_generator
from ganbal.run.folder import Run

TINY = (
    *("--device", "cpu", "--set", "data.phantom_images=120", "--set", "gan.image_size_px=32"),
    *("--set", "gan.base_channels=4", "--set", "gan.batch_size=8", "--set", "gan.steps=2"),
    *("--set", "gan.score_images=12", "--set", "score.extractor=untrained", "--set", "score.metrics=[kid]"),
    *("--set", "study.classifiers=[baseline_cnn]", "--set", "study.image_size_px=32", "--set", "study.seeds=1"),
    *("--set", "study.steps=2", "--set", "study.checks=1", "--set", "study.arms=[imbalanced,duplicated,gan]"),
)


def ganbal(*arguments):
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GANBAL_DATA", raising=False)
    return tmp_path / "here"


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    """A run with a generator and synthetic images of the whole minority class; only read."""
    folder = tmp_path_factory.mktemp("generated")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("GANBAL_DATA", raising=False)
        ganbal("train-gan", *TINY, "--run", "here")
        ganbal("synthesize", "--run", "here")
    return folder / "here"


def num_synthetic(folder: Path) -> int:
    with (folder / "manifest.csv").open() as file:
        return len(list(csv.DictReader(file)))


def test_every_share_has_a_generator_of_its_own(here):
    result = ganbal("train-gan", *TINY, "--run", "here", "--set", "study.minority_fractions=[0.5,1]")
    counts = json.loads((here / "data.json").read_text())["counts"]["train"]
    few, many = sorted(counts.values())
    whole = json.loads((here / "gan" / "training.json").read_text())
    half = json.loads((here / "gan" / "fraction_0.5" / "training.json").read_text())
    assert whole["num_images"] == few and few / 2 <= half["num_images"] < few / 2 + 3
    lines = result.stdout.splitlines()
    for line, start, images in zip(lines, ("", "With 50 % of the minority class: "), (whole, half), strict=False):
        assert line.startswith(f"{start}Generator of {images['class_name']} at 32 px: 2 steps, 16 images seen of")
        assert f" of {images['num_images']}, " in line
    assert (here / "gan" / "fraction_0.5" / "checkpoints" / "last.pt").is_file()
    stages = json.loads(Run(here).provenance_file.read_text())["stages"]
    assert {"train-gan", "train-gan fraction_0.5"} <= set(stages)
    logged = [json.loads(line) for line in (here / "metrics.jsonl").read_text().splitlines()]
    assert {row["stage"] for row in logged} == {"gan", "gan/fraction_0.5"}

    result = ganbal("synthesize", "--run", "here")
    assert num_synthetic(here / "synthetic") == many - few
    assert num_synthetic(here / "synthetic_fraction_0.5") == many - half["num_images"]
    name, number = half["class_name"], many - half["num_images"]
    line = f"With 50 % of the minority class: {number} synthetic {name} images in here/synthetic_fraction_0.5."
    assert line in result.output
    here.rename(here.with_name("moved"))
    assert f"{many - few} synthetic {name} images in moved/synthetic." in ganbal("synthesize", "--run", "moved").output
    here.with_name("moved").rename(here)

    ganbal("compare", "--run", "here")
    table = pd.read_csv(here / "study" / "results.csv").set_index(["arm", "minority_fraction"])
    assert table["num_train"].to_dict() == {
        ("imbalanced", 0.5): many + half["num_images"],
        ("duplicated", 0.5): 2 * many,
        ("gan", 0.5): 2 * many,
        ("imbalanced", 1.0): many + few,
        ("duplicated", 1.0): 2 * many,
        ("gan", 1.0): 2 * many,
    }
    assert table["num_train_synthetic"]["gan", 0.5] == many - half["num_images"]
    assert (here / "study" / "cells" / "fraction_0.5" / "gan" / "baseline_cnn" / "0" / "metrics.json").is_file()
    assert "done before" in ganbal("compare", "--run", "here").output


def test_a_fraction_without_a_generator_is_an_error(here, generated):
    shutil.copytree(generated, here)
    result = CliRunner().invoke(main, ["compare", "--run", "here", "--set", "study.minority_fractions=[0.5]"])
    assert result.exit_code == 2
    assert "synthetic_fraction_0.5" in result.output
    assert "`ganbal train-gan --run here --set 'study.minority_fractions=[0.5]'`" in result.output


@pytest.mark.parametrize(
    ("assignment", "line"),
    [
        ("study.synthetic_ratios=[40]", "`ganbal synthesize --run here --n "),
        ("study.minority_fractions=[0.0001,1]", "Raise the smallest of study.minority_fractions."),
        ("study.arms=[imbalanced,gan-both]", "gan.class_names=["),
    ],
)
def test_settings_that_the_images_forbid_do_not_become_the_runs_own(here, generated, assignment, line):
    shutil.copytree(generated, here)
    before = {path: path.read_bytes() for path in here.rglob("*") if path.is_file()}
    result = CliRunner().invoke(main, ["compare", "--run", "here", "--set", assignment])
    assert result.exit_code == 2 and line in result.output
    assert {path: path.read_bytes() for path in here.rglob("*") if path.is_file()} == before


def test_a_fraction_with_too_few_images_is_reported_before_a_run_begins(here):
    result = CliRunner().invoke(main, ["run", *TINY, "--run", "here", "--set", "study.minority_fractions=[0.01,1]"])
    assert result.exit_code == 2 and "Raise the smallest" in result.output
    assert not here.exists()


def test_copies_are_as_many_as_the_run_has_synthetic_images(here, generated):
    shutil.copytree(generated, here)
    shutil.rmtree(here / "synthetic")
    counts = json.loads((here / "data.json").read_text())["counts"]["train"]
    ganbal("compare", "--run", "here", "--set", "study.arms=[imbalanced,duplicated]")
    table = pd.read_csv(here / "study" / "results.csv")
    assert table["num_train"].tolist() == [sum(counts.values()), 2 * max(counts.values())]
    ganbal("synthesize", "--run", "here", "--n", "5")
    ganbal("compare", "--run", "here")
    table = pd.read_csv(here / "study" / "results.csv")
    assert table["num_train"].tolist() == [sum(counts.values()), sum(counts.values()) + 5]
    assert table["num_train_synthetic"].tolist() == [0, 0]


def test_the_generator_of_the_larger_class_is_trained_once(here):
    settings = (*TINY, "--set", "gan.class_names=[NORMAL,PNEUMONIA]", "--set", "study.minority_fractions=[0.5,1]")
    result = ganbal("train-gan", *settings, "--run", "here")
    assert "Generator of PNEUMONIA: copied, as its training images are the same." in result.stderr
    whole, half = here / "gan", here / "gan" / "fraction_0.5"
    generators = [read_stored_generator(folder / "PNEUMONIA" / "checkpoints" / "last.pt") for folder in (whole, half)]
    first, second = (generator.tensors for generator in generators)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert (half / "PNEUMONIA" / "history.csv").read_text() == (whole / "PNEUMONIA" / "history.csv").read_text()
    assert (half / "NORMAL" / "history.csv").read_text() != (whole / "NORMAL" / "history.csv").read_text()
    counts = json.loads((here / "data.json").read_text())["counts"]["train"]
    records = json.loads((half / "training.json").read_text())["classes"]
    assert [record["class_name"] for record in records] == ["NORMAL", "PNEUMONIA"]
    assert records[0]["num_images"] < counts["NORMAL"] and records[1]["num_images"] == counts["PNEUMONIA"]
    again = ganbal("train-gan", "--run", "here").stderr
    assert "train-gan: done before" in again and "train-gan (50 % of the minority class): done before" in again
