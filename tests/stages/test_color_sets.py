"""A colored three-class set from the command line, from the files to the report and to predictions."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from ganbal.cli import main

# Of equal luma, 0.299·R + 0.587·G + 0.114·B = 96.6, 96.1 and 96.3: gray values do not tell the classes apart.
COLORS = {"BLUE": (70, 90, 200), "GREEN": (60, 120, 68), "RED": (200, 50, 63)}
COUNTS = {"BLUE": 40, "GREEN": 30, "RED": 40}
CLASSIFIERS = ("cnn_64", "pixel_svm")
TINY = (
    *("--device", "cpu", "--set", "gan.image_size_px=32", "--set", "gan.base_channels=4", "--set", "gan.batch_size=8"),
    *("--set", "gan.steps=4", "--set", "gan.log_every_steps=2", "--set", "gan.sample_every_steps=2"),
    *("--set", "gan.checkpoint_every_steps=2", "--set", "gan.score_every_steps=2", "--set", "gan.score_images=12"),
    *("--set", "score.extractor=untrained", "--set", "synthesis.num_images=20"),
    *("--set", "synthesis.match=[spectrum,intensity]"),
    *("--set", "study.arms=[imbalanced,augmented,gan]", "--set", "study.classifiers=[cnn_64,pixel_svm]"),
    *("--set", "study.image_size_px=32", "--set", "study.seeds=1", "--set", "study.steps=30"),
    *("--set", "study.checks=1", "--set", "study.learning_rate=0.003", "--set", "study.weights=none"),
)


@pytest.fixture(autouse=True)
def colored_set(tmp_path, monkeypatch, one_torch_thread):
    """Images of 40×30 px, every one of a patient of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GANBAL_CACHE", str(tmp_path / "cache"))
    random = np.random.default_rng(0)
    for label, (name, color) in enumerate(COLORS.items()):
        for part, number in (("train", COUNTS[name]), ("test", 12)):
            folder = tmp_path / "set" / part / name
            folder.mkdir(parents=True)
            for index in range(number):
                noise = random.integers(-40, 41, (30, 40, 1))
                pixels = np.clip(np.array(color) + noise, 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(folder / f"person{part}{label}{index:03d}_x_1.png")
    monkeypatch.setenv("GANBAL_DATA", str(tmp_path / "set"))


def ganbal(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def done(*arguments: str) -> Result:
    result = ganbal(*arguments)
    assert result.exit_code == 0, result.output
    return result


def read(name: str) -> dict:
    return json.loads(Path("here", name).read_text())


def test_a_run_in_color(tmp_path):
    done("run", *TINY, "--run", "here")
    channels = read("data.json")["channels"]
    assert (channels["used"], channels["colored"], channels["images"]) == (3, 110, 110)
    assert read("gan/training.json")["channels"] == 3
    assert "saturation" in read("gan/training.json")["augment"]

    with Path("here/synthetic/manifest.csv").open() as file:
        names = [row["file_name"] for row in csv.DictReader(file)]
    synthetic = [Image.open(Path("here/synthetic", name)) for name in names]
    assert len(names) == 20 and {image.mode for image in synthetic} == {"RGB"}
    for name in ("figures/real_samples.png", "figures/nearest_pairs.png"):
        assert Image.open(Path("here", name)).mode == "RGB"

    scores = read("scores.json")
    extractors = {(score["extractor"] or {}).get("name") for score in scores["scores"]}
    assert "untrained-color" in extractors
    # Match by channel: the mean color of the synthetic images is that of the real ones.
    means = np.mean([np.asarray(image).mean(axis=(0, 1)) for image in synthetic], axis=0)
    np.testing.assert_allclose(means, COLORS["GREEN"], atol=4)

    accuracy = {name: read(f"study/cells/imbalanced/{name}/0/metrics.json")["accuracy"] for name in CLASSIFIERS}
    assert accuracy["cnn_64"] > 0.8  # sees the colors
    assert accuracy["pixel_svm"] < 0.7  # published for gray images: sees luma

    report = Path("here/report.md").read_text()
    assert "3, color (110 of 110 training images show color)" in report
    assert "in color at 32 × 32 pixels" in report

    words = ("--run", "here", "--classifier", "cnn_64", "--json")
    predicted = done("predict", str(tmp_path / "set/test/RED"), *words)
    classes = [image["predicted"] for image in json.loads(predicted.stdout)["images"]]
    assert classes.count("RED") > len(classes) / 2


def test_other_channels_do_not_mix_with_what_a_run_has():
    arms = ("--set", "study.arms=[imbalanced,gan]", "--set", "synthesis.match=[]")
    words = (*TINY, *arms, "--run", "here")
    for command in ("train-gan", "synthesize"):
        done(command, *words, *(("--n", "4") if command == "synthesize" else ()))
    gray = (*words, "--set", "data.channels=1")
    refused = ganbal("train-gan", *gray)
    assert refused.exit_code == 2 and "data.channels: 3 there, 1 now" in refused.output
    refused = ganbal("compare", *gray)
    assert refused.exit_code == 2 and "have 3 channels, the real images 1" in refused.output


def test_predictions_fit_images_as_the_training_did(tmp_path):
    words = (*TINY, "--set", "study.arms=[imbalanced]", "--set", "study.classifiers=[cnn_64]", "--run", "here")
    done("inspect", *words, "--set", "data.fit=pad")
    assert read("data.json")["fit"] == {
        "rule": "pad",
        "elongation": 1.3333,
        "aspect_ratios": {"BLUE": 1.3333, "GREEN": 1.3333, "RED": 1.3333},
    }
    done("compare", *words, "--set", "data.fit=pad")
    picture = tmp_path / "set/test/RED/persontest2000_x_1.png"
    padded = tmp_path / "padded.png"
    sheet = Image.new("RGB", (40, 40))
    sheet.paste(Image.open(picture), (0, 5))
    sheet.save(padded)
    result = done("predict", str(picture), str(padded), "--run", "here", "--json")
    first, second = (image["probabilities"] for image in json.loads(result.stdout)["images"])
    assert first == pytest.approx(second, abs=0.05)
