"""Three classes from the command line: a generator for each smaller class, or one for all."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from ganbal.cli import main

COUNTS = {"A": 60, "B": 30, "C": 40}
TINY = (
    *("--device", "cpu", "--set", "gan.image_size_px=32", "--set", "gan.base_channels=4", "--set", "gan.batch_size=8"),
    *("--set", "gan.steps=4", "--set", "gan.log_every_steps=2", "--set", "gan.sample_every_steps=4"),
    *("--set", "gan.checkpoint_every_steps=2", "--set", "gan.score_every_steps=2", "--set", "gan.score_images=12"),
    *("--set", "score.extractor=untrained", "--set", "score.metrics=[fid,kid]"),
    *("--set", "study.classifiers=[baseline_cnn]", "--set", "study.image_size_px=32", "--set", "study.seeds=2"),
    *("--set", "study.steps=3", "--set", "study.checks=1", "--set", "study.weights=none"),
)


@pytest.fixture(autouse=True)
def three_classes(tmp_path, monkeypatch):
    """A folder of three classes, every image of a patient of its own: 80 % of each class trains."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GANBAL_CACHE", str(tmp_path / "cache"))
    random = np.random.default_rng(0)
    for label, (name, count) in enumerate(COUNTS.items()):
        folder = tmp_path / "set" / "train" / name
        for part, number in (("train", count), ("test", 20)):
            folder = tmp_path / "set" / part / name
            folder.mkdir(parents=True)
            for index in range(number):
                pixels = random.integers(60 * label, 60 * label + 80, (32, 32), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / f"person{part}{label}{index:03d}_x_1.png")
    monkeypatch.setenv("GANBAL_DATA", str(tmp_path / "set"))


def ganbal(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def done(*arguments: str) -> Result:
    result = ganbal(*arguments)
    assert result.exit_code == 0, result.output
    return result


def synthetic_counts() -> dict[str, int]:
    with Path("here/synthetic/manifest.csv").open() as file:
        labels = [row["label"] for row in csv.DictReader(file)]
    return {name: labels.count(name) for name in sorted(set(labels))}


def train_counts() -> dict[str, int]:
    return json.loads(Path("here/data.json").read_text())["counts"]["train"]


def test_every_smaller_class_gets_a_generator_and_is_filled_and_studied():
    done("train-gan", *TINY, "--run", "here")
    counts = train_counts()
    training = json.loads(Path("here/gan/training.json").read_text())
    assert training["class_name"] == "B" and training["folder"] == "B"
    assert [one["class_name"] for one in training["classes"]] == ["B", "C"]
    for name in "BC":
        for file in ("checkpoints/last.pt", "checkpoints/best.pt", "history.csv", "samples/step_000004.png"):
            assert (Path("here/gan") / name / file).is_file()
    assert "done before" in done("train-gan", "--run", "here").output

    done("synthesize", "--run", "here")
    assert synthetic_counts() == {name: counts["A"] - counts[name] for name in "BC"}
    done("synthesize", "--run", "here", "--ratio", "0.5", "--overwrite")
    assert synthetic_counts() == {name: int((counts["A"] - counts[name]) / 2 + 0.5) for name in "BC"}
    text = done("synthesize", "--run", "here", "--n", "C=20", "--n", "B=24", "--overwrite").output
    assert synthetic_counts() == {"B": 24, "C": 20} and "24 synthetic B images and 20 synthetic C images" in text
    done("synthesize", "--run", "here", "--target", "balanced", "--overwrite")
    assert synthetic_counts() == {name: counts["A"] - counts[name] for name in "BC"}

    refused = ganbal("synthesize", "--run", "here", "--n", "C=20", "--n", "B=24")
    assert refused.exit_code == 2 and "--overwrite" in refused.output
    assert synthetic_counts() == {name: counts["A"] - counts[name] for name in "BC"}
    done("synthesize", "--run", "here", "--n", "C=20", "--n", "B=24", "--overwrite")
    scored = json.loads(done("score", "--run", "here", "--json").stdout)
    assert scored["class_name"] == "B" and set(scored["other_classes"]) == {"C"}
    assert scored["scores"][0]["n_synthetic"] == 24
    assert scored["other_classes"]["C"]["scores"][0]["n_synthetic"] == 20
    assert scored["other_classes"]["C"]["scores"][0]["n_real"] == counts["C"]
    done("compare", "--run", "here")
    page = Path("here/report.html").read_text()
    for title in ("Samples over time · B", "Samples over time · C", "Interpolation and augmentation · C"):
        assert title in page
    assert len(list(Path("here/gan").glob("**/history.csv"))) == 2


def test_one_conditional_generator_generates_every_class():
    done("train-gan", *TINY, "--run", "here", "--set", "gan.conditional=true")
    training = json.loads(Path("here/gan/training.json").read_text())
    assert training["class_names"] == ["A", "B", "C"] and training["conditional"] is True
    assert training["num_images"] == sum(train_counts().values())
    assert Path("here/gan/checkpoints/best.pt").is_file()
    done("synthesize", "--run", "here", "--n", "A=3", "--n", "B=5", "--n", "C=4", "--reject-copies")
    assert synthetic_counts() == {"A": 3, "B": 5, "C": 4}
    done("synthesize", "--run", "here", "--n", "7", "--overwrite")
    assert synthetic_counts() == {"B": 7}
    refused = ganbal("train-gan", "--run", "here", "--set", "gan.conditional=false", "--set", "gan.class_name=B")
    assert refused.exit_code == 2 and "class_names: A, B, C there, B now" in refused.output


def test_invalid_numbers_of_images_are_errors():
    done("train-gan", *TINY, "--run", "here", "--set", "gan.class_names=[C]")
    assert Path("here/gan/checkpoints/last.pt").is_file()
    for arguments, word in (
        (("--n", "D=3"), "Its classes are A, B, C"),
        (("--n", "B=3"), "gan.class_names=[B,C]"),
        (("--n", "3", "--ratio", "0.5"), "does not go with"),
        (("--n", "3", "--n", "C=4"), "goes alone"),
        (("--n", "C=4", "--n", "C=5"), "once for each class"),
        (("--n", "C=many"), "whole number"),
        (("--n", "C=0"), "at least 1"),
        (("--ratio", "0"), "synthesis.ratio"),
    ):
        result = ganbal("synthesize", "--run", "here", *arguments)
        assert result.exit_code == 2 and word in result.output, result.output
