"""No command moves an image from one split to another below a generator that is trained already."""

import json

import pytest
from click.testing import CliRunner

from ganbal.cli import main
from ganbal.run.folder import Run

TINY = (
    *("--device", "cpu", "--set", "data.phantom_images=120", "--set", "gan.image_size_px=32"),
    *("--set", "gan.base_channels=4", "--set", "gan.batch_size=8", "--set", "gan.steps=2"),
    *("--set", "gan.score_images=12", "--set", "score.extractor=untrained", "--set", "score.metrics=[kid]"),
    *("--set", "study.classifiers=[pixel_svm]", "--set", "study.image_size_px=32", "--set", "study.seeds=1"),
    *("--set", "study.arms=[imbalanced,gan]"),
)


def ganbal(*arguments):
    return CliRunner().invoke(main, arguments)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("splits") / "run"
    assert ganbal("train-gan", "--data", "phantom", "--run", str(folder), *TINY).exit_code == 0
    return folder


def test_another_seed_gives_other_images_and_leaves_the_splits(trained):
    before = json.loads((trained / "data.json").read_text())
    for seed in ("7", "0"):
        done = ganbal("synthesize", "--run", str(trained), "--n", "40", "--seed", seed, "--overwrite")
        assert done.exit_code == 0, done.output
    assert ganbal("compare", "--run", str(trained), "--seed", "9").exit_code == 0
    assert ganbal("inspect", "--run", str(trained)).exit_code == 0
    after = json.loads((trained / "data.json").read_text())
    assert (after["digest"], after["counts"]) == (before["digest"], before["counts"])


@pytest.mark.parametrize("command", ["score", "compare", "synthesize"])
@pytest.mark.parametrize("setting", ["data.split_seed=1", "data.val_fraction=0.3", "data.fit=pad"])
def test_other_training_images_are_refused(trained, command, setting):
    assert ganbal("synthesize", "--run", str(trained), "--n", "40", "--seed", "0", "--overwrite").exit_code == 0
    options = ("--n", "3", "--overwrite") if command == "synthesize" else ()
    refused = ganbal(command, "--run", str(trained), "--set", setting, *options)
    assert refused.exit_code == 2, refused.output
    text = " ".join(refused.output.split())
    assert "The generator of NORMAL was trained on other images than the present training images." in text
    data = Run(trained).settings()["data"]
    assert (data["split_seed"], data["val_fraction"], data["fit"]) == (0, "auto", "stretch")
    assert len(list(trained.glob("synthetic/NORMAL/*.png"))) == 40


def test_a_fraction_without_a_generator_is_named_with_both_commands(trained):
    refused = ganbal("synthesize", "--run", str(trained), "--set", "study.minority_fractions=[0.5,1]", "--overwrite")
    text = " ".join(refused.output.split())
    assert refused.exit_code == 2 and "There is no generator for 50 % of the minority class." in text
    assert f"`ganbal train-gan --run {trained} --set 'study.minority_fractions=[0.5,1]'`" in text
    assert f"`ganbal synthesize --run {trained}`" in text


def test_a_fraction_that_leaves_too_few_images_is_refused_before_any_training(trained, tmp_path):
    settings = ("--data", "phantom", *TINY, "--set", "study.minority_fractions=[0.01,1]")
    refused = ganbal("train-gan", "--run", str(tmp_path / "new"), *settings)
    assert refused.exit_code == 2 and "A fraction of 0.01 leaves" in refused.output
    assert not (tmp_path / "new").exists()
