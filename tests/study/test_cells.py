"""A cell's place and its files."""

import numpy as np
import pytest

from ganbal.data.decoding import Conversion, IntensityRange
from ganbal.study.arms import ImageSet
from ganbal.study.cell import Cell, backbones_folder
from ganbal.study.cells import (
    TestSet,
    conversion_entry,
    finished_metrics,
    mark_finished,
    read_classes,
    read_conversion,
    read_probabilities,
    read_validation,
    write_probabilities,
)

ODD_NAMES = ("None", "NA", "007", "1e3", "no", "")


def test_folders_of_cells_with_and_without_ratio_and_fraction(tmp_path):
    folders = [
        Cell("gan", "cnn", 3).folder(tmp_path),
        Cell("gan", "cnn", 3, 0.25).folder(tmp_path),
        Cell("gan", "cnn", 3, None, 0.1).folder(tmp_path),
        Cell("gan", "cnn", 3, 1.0, 0.1).folder(tmp_path),
    ]
    assert [str(folder.relative_to(tmp_path / "cells")) for folder in folders] == [
        *("gan/cnn/3", "gan_ratio_0.25/cnn/3", "fraction_0.1/gan/cnn/3", "fraction_0.1/gan_ratio_1/cnn/3")
    ]


def test_names_that_pandas_takes_for_numbers_or_gaps_survive(tmp_path):
    labels = np.arange(len(ODD_NAMES))
    probabilities = np.full((len(ODD_NAMES), len(ODD_NAMES)), 1 / len(ODD_NAMES), np.float32)
    files = ["NA", "1e3", "007", "nan", "null", "x"]
    write_probabilities(tmp_path / "validation.csv", ODD_NAMES, labels, probabilities)
    write_probabilities(tmp_path / "predictions.csv", ODD_NAMES, labels, probabilities, file_name=files)
    found, values = read_validation(tmp_path, ODD_NAMES)
    assert found.tolist() == labels.tolist() and values == pytest.approx(probabilities, abs=1e-7)
    assert read_classes(tmp_path) == ODD_NAMES
    test = TestSet(ImageSet(np.zeros((6, 1, 1), np.uint8), labels), files[::-1], files, ODD_NAMES)
    assert read_probabilities(tmp_path, test).shape == (6, 6)


def test_the_mark_covers_the_files_that_are_there(tmp_path):
    (tmp_path / "predictions.csv").write_text("x")
    content = mark_finished(tmp_path, {"inputs": "i", "accuracy": 0.1 + 0.2}, ["predictions.csv", "model.safetensors"])
    assert list(content["files"]) == ["predictions.csv"]
    assert finished_metrics(tmp_path, "i") == content
    assert finished_metrics(tmp_path / "nowhere", "i") is None


def test_the_conversion_of_the_images_is_known_only_from_intact_metrics(tmp_path):
    assert read_conversion(tmp_path) is None, "no file"
    mark_finished(tmp_path, {"inputs": "i"}, [])
    assert read_conversion(tmp_path) is None, "no entry"
    given = Conversion(IntensityRange(0.0, 1023.0), 3, "pad")
    mark_finished(tmp_path, {"inputs": "i", **conversion_entry(given)}, [])
    assert read_conversion(tmp_path) == given
    metrics = tmp_path / "metrics.json"
    metrics.write_text(metrics.read_text().replace("pad", "crop"))
    assert read_conversion(tmp_path) is None, "changed"


def test_a_cell_is_finished_only_with_the_frozen_backbone_that_it_was_trained_with(tmp_path):
    folder, backbone = Cell("gan", "vgg16", 0).folder(tmp_path), backbones_folder(tmp_path) / "ab.safetensors"
    for file in (folder / "predictions.csv", backbone):
        file.parent.mkdir(parents=True)
        file.write_text("as trained")
    mark_finished(folder, {"inputs": "digest"}, ["predictions.csv", "../../../../backbones/ab.safetensors"])
    assert finished_metrics(folder, "digest") is not None
    backbone.write_text("changed")
    assert finished_metrics(folder, "digest") is None
    backbone.unlink()
    assert finished_metrics(folder, "digest") is None
    backbone.write_text("as trained")
    assert finished_metrics(folder, "digest") is not None
