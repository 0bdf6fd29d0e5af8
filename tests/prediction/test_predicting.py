import csv
import io
import json
import shutil

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from classifiers.evaluation.calibration import apply_temperature
from ganbal.cli import main
from ganbal.config import dump_config, load_config
from ganbal.data.decoding import Conversion, IntensityRange
from ganbal.run.folder import Run
from ganbal.study.cells import mark_finished

from .conftest import SETTINGS, add_cell


def ganbal(*arguments):
    return CliRunner().invoke(main, ["predict", *map(str, arguments)])


def test_every_image_with_class_probabilities_and_cell(trained_run, pictures):
    result = ganbal(pictures, "--run", trained_run.folder, "--json")
    assert result.exit_code == 0, result.output
    content = json.loads(result.stdout)
    images = {image["file"].rpartition("/")[2]: image for image in content["images"]}
    assert {name: image["predicted"] for name, image in images.items()} == {
        "dark.png": "DARK",
        "light.jpeg": "LIGHT",
        "synthetic.png": "DARK",
    }
    assert [name for name, image in images.items() if image["is_synthetic"]] == ["synthetic.png"]
    given = images["light.jpeg"]["probabilities"]
    assert sum(given.values()) == pytest.approx(1, abs=1e-5) and given["LIGHT"] > 0.5
    (expected,) = apply_temperature(np.array([list(given.values())]), content["temperature"])
    assert list(images["light.jpeg"]["calibrated_probabilities"].values()) == pytest.approx(expected, abs=0.02)
    assert content["cell"]["arm"] == "imbalanced" and content["cell"]["seed"] == 0
    assert content["threshold"] == 0.5 and "not a medical device" in content["notice"]


def test_text_for_people(trained_run, pictures):
    result = ganbal(pictures, "--run", trained_run.folder, "--quiet")
    assert result.exit_code == 0, result.output
    for words in ("SYNTHETIC, not a patient", "calibrated P(LIGHT)", "arm imbalanced, seed 0", "not chosen by results"):
        assert words in result.stdout
    assert result.stdout.endswith("For research; not a medical device.\n")


def test_unreadable_images_come_after_the_others_with_exit_code_2(trained_run, pictures):
    result = ganbal(pictures / "dark.png", pictures / "notes.txt", "--run", trained_run.folder, "--json")
    assert result.exit_code == 2
    good, bad = json.loads(result.stdout)["images"]
    assert good["predicted"] == "DARK" and bad["problem"].startswith("not an image")
    assert "1 of 2 images cannot be read" in result.stderr and "Traceback" not in result.output


def test_nothing_is_written_without_a_csv_file(trained_run, pictures, tmp_path):
    def files():
        folders = (pictures, tmp_path, trained_run.folder)
        return {path: path.stat().st_mtime_ns for folder in folders for path in folder.rglob("*")}

    before = files()
    assert ganbal(pictures, "--run", trained_run.folder).exit_code == 0
    assert files() == before
    result = ganbal(pictures, pictures / "notes.txt", "--run", trained_run.folder, "--csv", tmp_path / "out.csv")
    assert result.exit_code == 2
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text())))
    assert [row["predicted"] for row in rows] == ["DARK", "DARK", "LIGHT", ""]
    assert rows[0]["is_synthetic"] == "True" and rows[3]["problem"].startswith("not an image")
    assert float(rows[2]["probability_LIGHT"]) > 0.5


def test_a_threshold_moves_the_class_and_nothing_else(trained_run, pictures):
    image = pictures / "dark.png"
    usual, strict = (
        json.loads(ganbal(image, "--run", trained_run.folder, "--json", *more).stdout)
        for more in ([], ["--threshold", "0"])
    )
    assert [content["images"][0]["predicted"] for content in (usual, strict)] == ["DARK", "LIGHT"]
    assert usual["images"][0]["probabilities"] == strict["images"][0]["probabilities"]


def test_three_classes(tmp_path, pictures):
    run = Run(tmp_path / "run")
    add_cell(run, classes=("A", "B", "C"))
    result = ganbal(pictures / "dark.png", "--run", run.folder, "--json")
    content = json.loads(result.stdout)
    assert content["threshold"] is None and set(content["images"][0]["probabilities"]) == {"A", "B", "C"}
    assert "the most probable class" in ganbal(pictures / "dark.png", "--run", run.folder).stdout


def test_a_classifier_stopped_on_the_test_set_is_marked(tmp_path, pictures):
    run = Run(tmp_path / "run")
    add_cell(run)
    run.save_settings(dump_config(load_config(None, [*SETTINGS, "study.protocol=documents"])))
    result = ganbal(pictures / "dark.png", "--run", run.folder)
    assert "come from the test set" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--run", "nowhere"], "There is no run at nowhere"),
        (["--arm", "gan"], "duplicated baseline_cnn 0"),
        (["--threshold", "best"], "`youden`"),
        (["missing.png"], "nothing at missing.png"),
    ],
)
def test_wrong_use(trained_run, pictures, arguments, words):
    where = [] if "--run" in arguments else ["--run", trained_run.folder]
    result = ganbal(pictures, *arguments, *where)
    assert result.exit_code == 2 and words in result.stderr, result.output


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("model.safetensors", b"not tensors", "damaged: model.safetensors"),
        ("validation.csv", None, "damaged: validation.csv"),
        ("validation.csv", b"label,probability_DARK\n\xff,x", "damaged: validation.csv"),
        ("predictions.csv", b"", "damaged: predictions.csv"),
    ],
)
def test_a_damaged_cell(trained_run, tmp_path, pictures, file, content, words):
    run = Run(tmp_path / "run")
    shutil.copytree(trained_run.folder, run.folder)
    damaged = run.study_folder / "cells" / "imbalanced" / "baseline_cnn" / "0" / file
    damaged.unlink()
    if content is not None:
        damaged.write_bytes(content)
    result = ganbal(pictures, "--run", run.folder)
    assert result.exit_code == 2 and words in result.stderr
    assert f"Run `ganbal compare --run {run.folder}`" in result.stderr


def test_images_are_converted_as_those_of_the_training_whatever_the_run_says_now(tmp_path):
    run = Run(tmp_path / "run")
    add_cell(run, conversion=Conversion(IntensityRange(0.0, 4095.0), fit="crop"))
    pixels = np.full((60, 180), 3000, np.uint16)
    pixels[:, 60:120] = 960  # 59.8 of 255: dark in the central square
    Image.fromarray(pixels).save(tmp_path / "wide.png")
    found = []
    for fit in ("stretch", "pad", None):
        range_of_12_bits = {"range": [0, 65535], "chosen_by": "auto"}
        run.data_file.write_text(
            json.dumps({"fit": {"rule": fit}, "intensity": range_of_12_bits}) if fit else "damaged"
        )
        result = ganbal(tmp_path / "wide.png", "--run", run.folder, "--json")
        assert result.exit_code == 0, result.output
        found.append(json.loads(result.stdout)["images"][0])
    plain = tmp_path / "plain.png"
    Image.fromarray(np.full((32, 32), 60, np.uint8)).save(plain)
    (square,) = json.loads(ganbal(plain, "--run", run.folder, "--json").stdout)["images"]
    assert [image["predicted"] for image in found] == ["DARK"] * 3
    assert all(image["probabilities"] == square["probabilities"] for image in found)


def test_a_cell_that_does_not_say_how_its_images_were_converted_is_refused(trained_run, tmp_path, pictures):
    run = Run(tmp_path / "run")
    shutil.copytree(trained_run.folder, run.folder)
    cell = run.study_folder / "cells" / "imbalanced" / "baseline_cnn" / "0"
    metrics = json.loads((cell / "metrics.json").read_text())
    files = list(metrics["files"])
    mark_finished(cell, {key: metrics[key] for key in metrics.keys() - {"conversion", "files", "digest"}}, files)
    result = ganbal(pictures, "--run", run.folder)
    message = " ".join(result.stderr.split())
    assert result.exit_code == 2 and "does not say how the images of the training became squares" in message
    assert f"Delete the folder {cell}; then `ganbal compare --run {run.folder}` trains" in message


def test_no_run_at_all(tmp_path, monkeypatch, pictures):
    monkeypatch.chdir(tmp_path)
    result = ganbal(pictures)
    assert result.exit_code == 2 and "under outputs/" in result.stderr
