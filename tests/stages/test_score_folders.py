import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from classifiers.checkpoint import save_classifier
from classifiers.training.train import TrainingConfig, train_classifier
from ganbal.cli import main
from ganbal.runtime.atomic_files import write_bytes

SIZE_PX = 32


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Two folders of 24 noise images each, the second one brighter."""
    root, random = tmp_path_factory.mktemp("folders"), np.random.default_rng(0)
    for name, low in (("real", 0), ("synthetic", 60)):
        (root / name).mkdir()
        for number in range(24):
            pixels = random.integers(low, low + 120, (SIZE_PX, SIZE_PX), dtype=np.uint8)
            Image.fromarray(pixels).save(root / name / f"{number}.png")
    return root


@pytest.fixture(scope="module")
def classifier_file(tmp_path_factory):
    pixels = np.random.default_rng(1).integers(0, 256, (16, SIZE_PX, SIZE_PX), dtype=np.uint8)
    labels = np.arange(16) % 2
    trained = train_classifier(
        "baseline_cnn",
        train_pixels=pixels,
        train_labels=labels,
        val_pixels=pixels,
        val_labels=labels,
        num_classes=2,
        image_size_px=SIZE_PX,
        weights="none",
        config=TrainingConfig(steps=2, checks=1, batch_size=8),
        device=torch.device("cpu"),
        cache=None,
    )
    file = tmp_path_factory.mktemp("study") / "cells" / "imbalanced" / "baseline_cnn" / "0" / "model.safetensors"
    save_classifier(trained, file, file, write_bytes=write_bytes, probe=pixels, device=torch.device("cpu"), cache=None)
    return file


def score(*arguments):
    return CliRunner().invoke(main, ["score", *map(str, arguments), "--quiet"])


def test_a_trained_classifier_gives_the_features(folders, classifier_file, monkeypatch, tmp_path):
    monkeypatch.setenv("GANBAL_CACHE", str(tmp_path))
    options = ["--set", "score.extractor=classifier", "--set", "score.metrics=[fid]", "--json"]
    done = score(folders / "real", folders / "synthetic", "--weights", classifier_file, *options)
    assert done.exit_code == 0, done.output
    entry = json.loads(done.stdout)["scores"][0]
    assert entry["extractor"]["name"] == "classifier:baseline_cnn"
    assert entry["extractor"]["dims"] == 64  # what goes into the last of its dense layers
    assert entry["value"] > 0


@pytest.mark.parametrize(
    ("weights", "message"),
    [([], "score.weights is not set"), (["--weights", "absent.safetensors"], "no file absent.safetensors")],
)
def test_a_classifier_needs_its_file(folders, weights, message):
    done = score(folders / "real", folders / "synthetic", "--set", "score.extractor=classifier", *weights)
    assert done.exit_code == 2
    assert message in done.output


def test_a_file_that_is_no_classifier_is_an_error(folders, tmp_path):
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"nothing")
    done = score(folders / "real", folders / "synthetic", "--set", "score.extractor=classifier", "--weights", file)
    assert done.exit_code == 2
    assert "of a saved classifier cannot be used" in done.output


def test_a_statistics_file_in_place_of_a_folder(folders, monkeypatch, tmp_path):
    monkeypatch.setenv("GANBAL_CACHE", str(tmp_path / "cache"))
    options = ["--set", "score.extractor=untrained", "--set", "score.metrics=[fid]"]
    statistics = tmp_path / "real images.npz"
    saved = score(folders / "real", "--save-statistics", statistics, *options)
    assert saved.exit_code == 0, saved.output
    assert f"ganbal score '{statistics}' SYNTHETIC" in saved.output
    values = [
        json.loads(score(real, folders / "synthetic", *options, "--json").stdout)["scores"][0]["value"]
        for real in (statistics, folders / "real")
    ]
    assert values[0] == pytest.approx(values[1], rel=1e-6)


def test_the_number_of_folders_is_checked(folders, tmp_path):
    assert "Give two folders" in score(folders / "real").output
    both = score(folders / "real", folders / "synthetic", "--save-statistics", tmp_path / "x.npz")
    assert both.exit_code == 2
    assert "one folder for --save-statistics" in both.output
