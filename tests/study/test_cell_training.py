import json
import shutil

import numpy as np
import pandas as pd
import pytest
import torch

from classifiers.checkpoint import load_classifier
from classifiers.evaluation.calibration import fit_temperature
from classifiers.training.config import TrainingConfig
from classifiers.training.train import TrainingCallbacks
from ganbal.config import load_config
from ganbal.data.decoding import USUAL, Conversion, IntensityRange
from ganbal.study.arms import ImageSet, TrainingSet
from ganbal.study.cell import Cell, backbones_folder
from ganbal.study.cell_training import cell_inputs, computed_on, train_cell
from ganbal.study.cells import TestSet, finished_metrics, read_conversion


def images(count, seed):
    random = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    level = np.where(labels == 1, 150, 90)[:, None, None]
    return ImageSet((level + random.integers(-40, 40, (count, 32, 32))).astype(np.uint8), labels.astype(np.int64))


TEST = TestSet(images(12, 3), [f"{i}.png" for i in range(12)], [f"p{i}" for i in range(12)], ("A", "B"))


def make_cell(study, *settings, classifier="baseline_cnn", conversion=USUAL):
    few = ["study.steps=4", "study.checks=2", "study.augment=none", "study.weights=none"]
    cell = Cell("imbalanced", classifier, 0)
    train_cell(
        cell,
        TrainingSet(images(24, 1)),
        images(8, 2),
        TEST,
        load_config(None, [*few, *settings]).study,
        image_size_px=32,
        conversion=conversion,
        device=torch.device("cpu"),
        feature_cache=study / "features",
        study_folder=study,
        inputs="digest",
        callbacks=TrainingCallbacks(),
    )
    return cell.folder(study)


@pytest.mark.parametrize("classifier", ["baseline_cnn", "vgg16"])
def test_a_kept_classifier_gives_the_predictions_on_disk(tmp_path, classifier):
    folder = make_cell(tmp_path, classifier=classifier)
    kept = load_classifier(folder / "model.safetensors", backbones_folder(tmp_path), torch.device("cpu"))
    for name, given in {"predictions": TEST.images, "validation": images(8, 2)}.items():
        table = pd.read_csv(folder / f"{name}.csv")
        assert table["label"].tolist() == ["AB"[label] for label in given.labels]
        assert table[["probability_A", "probability_B"]].to_numpy() == pytest.approx(
            kept.predict(given.pixels), abs=0.02
        )
    assert fit_temperature(given.labels, table[["probability_A", "probability_B"]].to_numpy()) > 0
    assert finished_metrics(folder, "digest") is not None
    for backbone in backbones_folder(tmp_path).glob("*"):  # of vgg16
        with backbone.open("r+b") as file:
            file.seek(-1, 2)
            file.write(b"\x7f")
        assert finished_metrics(folder, "digest") is None


@pytest.mark.parametrize(
    ("device", "given", "expected"),
    [
        ("cpu", {"augment": "anatomical"}, "cpu float32"),
        ("cpu", {"augment": "anatomical", "augment_on": "device"}, "cpu float32, augmented there"),
        ("cuda", {"augment": "anatomical"}, "cuda float32, augmented there"),
        ("cuda:1", {"augment": "anatomical", "augment_on": "host"}, "cuda float32"),
        ("cuda", {"augment": "none"}, "cuda float32"),
    ],
)
def test_a_cell_records_which_device_computed_it_and_its_augmented_images(device, given, expected):
    settings = TrainingConfig(steps=1, precision="float32", **given)
    assert computed_on(torch.device(device), settings, 1000) == expected


def test_models_are_kept_on_request_and_deleted_with_their_metrics(tmp_path):
    folder = make_cell(tmp_path)
    assert (folder / "model.safetensors").is_file()
    make_cell(tmp_path, "study.keep_models=false")
    assert not (folder / "model.safetensors").exists()


@pytest.mark.parametrize(
    "name", ["predictions.csv", "validation.csv", "history.csv", "model.safetensors", "cases.json", "metrics.json"]
)
def test_a_cell_with_a_missing_truncated_or_changed_file_is_not_finished(finished_cell, tmp_path, name):
    folder = shutil.copytree(finished_cell, tmp_path / "cell")
    assert finished_metrics(folder, "digest")["num_train"] == 24
    assert finished_metrics(folder, "another digest") is None
    content = (folder / name).read_bytes()
    middle = len(content) // 2
    flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    for damaged in (b"", content[:-5], flipped, b"[1]", b"{}", b"null"):
        (folder / name).write_bytes(damaged)
        assert finished_metrics(folder, "digest") is None
    (folder / name).unlink()
    assert finished_metrics(folder, "digest") is None


@pytest.fixture(scope="module")
def finished_cell(tmp_path_factory):
    return make_cell(tmp_path_factory.mktemp("study"))


def test_a_cell_records_how_its_images_became_squares(finished_cell, tmp_path):
    assert read_conversion(finished_cell) == USUAL
    cropped = Conversion(IntensityRange(-5.0, 4095.0), 1, "crop", with_window=False)
    assert read_conversion(make_cell(tmp_path, conversion=cropped)) == cropped


def test_pictures_of_right_and_wrong_images(tmp_path):
    folder = make_cell(tmp_path)
    content = json.loads((folder / "cases.json").read_text())
    assert content["has_heat_maps"] and (folder / "cases.png").is_file()
    predictions = pd.read_csv(folder / "predictions.csv", index_col="file_name")
    for case in (case for kind in content["kinds"] for case in kind):
        row = predictions.loc[case["file_name"]]
        assert row["label"] == case["true"]
        assert row[f"probability_{case['predicted']}"] == pytest.approx(case["probability"], abs=1e-6)
        assert case["probability"] >= 0.5


class OneSource:
    """A source with the digests and counts that cells depend on."""

    data_digest, synthetic_digest = "data", None

    def with_fraction(self, fraction):
        return self


def test_a_cell_depends_on_the_content_of_its_own_weights_file_alone(tmp_path):
    def inputs(classifier, *settings):
        return cell_inputs(Cell("imbalanced", classifier, 0), OneSource(), load_config(None, settings).study)

    first, second, moved = (tmp_path / name for name in ("a.pth", "b.pth", "moved.pth"))
    first.write_bytes(b"one")
    second.write_bytes(b"other")
    moved.write_bytes(b"one")
    of_first = inputs("vgg16", f"study.weights={first}")
    assert inputs("vgg16", f"study.weights={moved}") == of_first != inputs("vgg16", f"study.weights={second}")
    assert inputs("vgg16", f"study.weights.vgg16={first}", f"study.weights.xception={second}") == of_first
    assert inputs("baseline_cnn", f"study.weights={first}") == inputs("baseline_cnn", f"study.weights={second}")
    first.write_bytes(b"changed")
    assert inputs("vgg16", f"study.weights={first}") != of_first
