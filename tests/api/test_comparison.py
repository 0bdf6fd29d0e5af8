import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from PIL import Image

import ganbal
from ganbal.cli import main
from ganbal.errors import InputError
from ganbal.run.folder import Run
from ganbal.stages.import_generators import has_no_others, settings_of

ARMS = ["imbalanced", "duplicated", "gan"]


@pytest.fixture
def own_run(trained, tmp_path):
    """The data and a generator whose run is a copy that the test may change."""
    data, generator = trained
    run = shutil.copytree(generator.run, tmp_path / "run")
    return data, ganbal.train_gan(data, "NORMAL", steps=4, run=run, quiet=True)


def test_a_generator_of_this_data_continues_its_own_run(own_run, tmp_path):
    data, generator = own_run
    study = ganbal.compare(data, generator, arms=ARMS, seeds=2, quiet=True)
    assert study.run == generator.run
    assert isinstance(study.results, pd.DataFrame) and len(study.results) == 6
    assert set(study.results["arm"]) == set(ARMS) and study.results["balanced_accuracy"].between(0, 1).all()
    assert study.verdict == study.summary["verdict_sentence"] and study.verdict in study._repr_html_()
    assert "balanced accuracy" in repr(study) and {"arm", "low", "high", "verdict"} <= set(study.differences)
    missing = data.num_training["PNEUMONIA"] - data.num_training["NORMAL"]
    of_gan = study.results[study.results["arm"] == "gan"]
    assert set(of_gan["num_train_synthetic"]) == {missing}
    file = study.report(tmp_path / "report.html")
    assert file.read_text(encoding="utf-8").startswith("<!DOCTYPE html>") and "duplicated" in file.read_text()
    # Seeds are added to the study that is there.
    assert len(ganbal.compare(data, generator, arms=ARMS, seeds=3, quiet=True).results) == 9


def test_a_generator_from_a_file_gets_a_run_that_holds_it(trained, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    data, generator = trained
    loaded = ganbal.Generator.load(generator.save(tmp_path / "normal.safetensors"), device="cpu")
    study = ganbal.compare(data, loaded, arms=["imbalanced", "gan"], seeds=1)
    assert study.run.parent == Path("outputs") and study.run != generator.run
    assert (study.run / "gan/generator.safetensors").read_bytes() == (tmp_path / "normal.safetensors").read_bytes()
    record = json.loads((study.run / "gan/training.json").read_text())
    assert record["imported"] == {"same_training_images": True} and record["steps"] == 4
    manifest = pd.read_csv(study.run / "synthetic/manifest.csv")
    assert set(manifest["checkpoint_sha256"]) == {generator.sha256}
    assert "imported from a file" in (study.run / "report.html").read_text(encoding="utf-8")
    assert "trained on other images" not in capsys.readouterr().err
    # The same call continues the run, also with the file itself; another generator does not touch it.
    for same in (loaded, str(tmp_path / "normal.safetensors"), [tmp_path / "normal.safetensors"]):
        assert ganbal.compare(data, same, arms=["imbalanced", "gan"], seeds=1, quiet=True).run == study.run
    other = ganbal.train_gan(data, "NORMAL", steps=3, run=tmp_path / "other", quiet=True)
    other = ganbal.Generator.load(other.save(tmp_path / "other.safetensors"), device="cpu")
    assert ganbal.compare(data, other, arms=["imbalanced", "gan"], seeds=1, quiet=True).run != study.run


def test_the_command_takes_an_exported_generator_in_place_of_training(trained, tmp_path):
    data, generator = trained
    file, run = generator.save(tmp_path / "normal.safetensors"), tmp_path / "run"
    command = ["train-gan", "--data", str(data.config.data.root), "--run", str(run), "--device", "cpu"]
    done = CliRunner().invoke(main, [*command, "--from", str(file)])
    assert done.exit_code == 0, done.output
    assert "trained elsewhere" in done.output and not list(run.rglob("*.pt"))
    settings = Run(run).settings()["gan"]
    assert (settings["base_channels"], settings["image_size_px"], settings["class_names"]) == (4, 32, ["NORMAL"])
    missing = data.num_training["PNEUMONIA"] - data.num_training["NORMAL"]
    assert f"Next: ganbal synthesize --run {run} --n {missing}" in " ".join(done.output.split())
    done = CliRunner().invoke(main, ["synthesize", "--run", str(run), "--n", "3", "--seed", "2"])
    assert done.exit_code == 0, done.output
    images = [np.asarray(Image.open(image)) for image in sorted(run.glob("synthetic/NORMAL/*.png"))]
    assert np.array_equal(images, generator.sample(3, seed=2))
    # Settings that only generators of another kind have are replaced.
    done = CliRunner().invoke(
        main, [*command[:-3], str(tmp_path / "other"), "--from", str(file), "--set", "gan.conditional=true"]
    )
    assert done.exit_code == 0 and Run(tmp_path / "other").settings()["gan"]["conditional"] is False, done.output
    done = CliRunner().invoke(main, [*command, "--from", str(file), "--from", str(file)])
    assert done.exit_code == 2 and "one generator per class" in " ".join(done.output.split())
    # A run that has trained a generator itself keeps it.
    done = CliRunner().invoke(main, ["train-gan", "--run", str(generator.run), "--from", str(file)])
    assert done.exit_code == 2 and "has trained a generator itself" in " ".join(done.output.split())


def test_generators_of_fractions_are_trained_although_that_of_the_whole_class_is_given(trained, tmp_path):
    data, generator = trained
    file, run = generator.save(tmp_path / "normal.safetensors"), tmp_path / "run"
    fractions = ["--set", "study.minority_fractions=[0.5,1]", "--set", "gan.steps=2", "--set", "gan.score_images=12"]
    begin = ["train-gan", "--data", str(data.config.data.root), "--from", str(file), *fractions]
    done = CliRunner().invoke(main, [*begin, "--run", str(run), "--device", "cpu"])
    assert done.exit_code == 0, done.output
    assert not list(run.glob("gan/fraction_0.5/**/generator.safetensors"))
    assert len(list(run.glob("gan/fraction_0.5/**/last.pt"))) == 1
    done = CliRunner().invoke(main, ["train-gan", "--run", str(run)])
    assert done.exit_code == 0 and done.output.count(": done before, nothing changed") == 3, done.output


def test_a_missing_generator_is_reported_before_libraries_are_loaded(tmp_path):
    for command in (["train-gan"], ["synthesize"]):
        done = CliRunner().invoke(main, [*command, "--from", str(tmp_path / "missing.safetensors")])
        assert done.exit_code == 2 and "There is nothing at" in done.output and "Loading" not in done.output


def test_a_generator_of_other_images_is_said_to_be_one(trained, phantom_folder, tmp_path, capsys):
    data, generator = trained
    resplit = ganbal.load(phantom_folder, settings=data.config.model_dump(mode="json"), resplit=True, quiet=True)
    study = ganbal.compare(resplit, generator, arms=["imbalanced", "gan"], seeds=1, run=tmp_path / "run", quiet=True)
    assert "was trained on other images than the training images of this run" in capsys.readouterr().err
    assert "the comparison flatters the generator" in (study.run / "report.html").read_text(encoding="utf-8")


def test_arms_without_synthetic_images_need_no_generator(trained, tmp_path):
    data, _ = trained
    study = ganbal.compare(data, arms=["imbalanced", "duplicated"], seeds=1, run=tmp_path / "run", quiet=True)
    assert study.kind == "no-gan-arm" or study.kind == "not-learned"
    assert not (study.run / "synthetic").exists()


def test_wrong_requests(trained, tmp_path):
    data, generator = trained
    both = ganbal.train_gan(data, conditional=True, steps=2, run=tmp_path / "run", quiet=True)
    for call, message in (
        (lambda: ganbal.compare(data, arms=["imbalanced", "gan"]), "there is no generator.*ganbal.train_gan"),
        (lambda: ganbal.compare(data, generator, arms=["imbalanced", "gann"]), "no arm 'gann'"),
        (lambda: ganbal.compare(data, generator, seeds=0), "study.seeds"),
        (lambda: ganbal.compare(data, 5), "generator is 5. It must be a ganbal.Generator, or its file"),
        (lambda: ganbal.compare(data, [generator, data]), "generator is <Data"),
        (lambda: ganbal.compare(data, tmp_path / "no.safetensors"), "There is no generator at .*no.safetensors"),
        (lambda: ganbal.compare(data, [generator, both], quiet=True, run=tmp_path / "x"), "classes"),
        (lambda: ganbal.compare(data, [both], quiet=True, run=generator.run), "trained a generator itself"),
    ):
        with pytest.raises(InputError, match=message):
            call()


def test_typed_settings_that_an_imported_generator_contradicts_are_refused(trained, tmp_path):
    data, generator = trained
    file = generator.save(tmp_path / "normal.safetensors")
    command = ["train-gan", "--data", str(data.config.data.root), "--run", str(tmp_path / "run"), "--device", "cpu"]
    for words, message in (
        (["--class", "PNEUMONIA"], "gan.class_name is PNEUMONIA, but the imported generator has NORMAL."),
        (["--set", "gan.steps=500"], "gan.steps is 500, but the imported generator has 4."),
        (["--set", "gan.image_size_px=64"], "gan.image_size_px is 64, but the imported generator has 32."),
    ):
        done = CliRunner().invoke(main, [*command, "--from", str(file), *words])
        assert done.exit_code == 2 and message in " ".join(done.output.split()), done.output
    done = CliRunner().invoke(main, [*command, "--from", str(file), "--class", "NORMAL"])
    assert done.exit_code == 0, done.output


def test_generators_of_one_run_make_images_of_one_size(trained):
    _, generator = trained
    settings = generator.fingerprint.settings | {"gan.image_size_px": 64}
    fingerprint = replace(generator.fingerprint, settings=settings, class_names=("PNEUMONIA",))
    with pytest.raises(InputError, match="images of 32 px with 1 channels and 64 px with 1 channels"):
        settings_of([generator, replace(generator, fingerprint=fingerprint)])


def test_an_interrupted_import_with_fractions_is_continued(trained, tmp_path):
    _, generator = trained
    run = Run(tmp_path)
    (tmp_path / "gan" / "fraction_0.5" / "checkpoints").mkdir(parents=True)
    (tmp_path / "gan" / "fraction_0.5" / "checkpoints" / "last.pt").touch()
    generator.save(tmp_path / "gan" / "generator.safetensors")
    assert has_no_others(run, [generator])
    (tmp_path / "gan" / "checkpoints").mkdir()
    (tmp_path / "gan" / "checkpoints" / "last.pt").touch()
    assert not has_no_others(run, [generator])
