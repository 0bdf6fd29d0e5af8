import json
import signal

import numpy as np
import pandas as pd
import pytest
import torch

from ganbal.config import load_config
from ganbal.console import Console
from ganbal.errors import InterruptedBySignal
from ganbal.study import running
from ganbal.study.arms import ImageSet
from ganbal.study.cells import Cell, TestSet
from ganbal.study.running import StudyFolder, StudyImages, StudySource, planned_cells, run_study


def images(count, seed, bright_class=1):
    """Dark images of class 0, bright ones of class 1."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    level = np.where(labels == bright_class, 150, 90)[:, None, None]
    return ImageSet((level + random.integers(-40, 40, (count, 32, 32))).astype(np.uint8), labels.astype(np.int64))


def source(synthetic_digest="s1"):
    test = images(12, 3)
    names, patients = [f"test/{i}.png" for i in range(12)], [f"p{i // 2}" for i in range(12)]
    at_32 = StudyImages(images(24, 1), images(4, 4), images(8, 2), TestSet(test, names, patients, ("A", "B")))
    return StudySource(at_size=lambda size: at_32, data_digest="d1", synthetic_digest=synthetic_digest)


def settings(*more):
    few = [
        "study.classifiers=[baseline_cnn]",
        "study.image_size_px=32",
        "study.seeds=2",
        "study.steps=4",
        "study.checks=2",
    ]
    return load_config(None, [*few, "study.arms=[imbalanced,gan]", "study.augment=none", *more]).study


def study(folder, config, source=source):
    return run_study(
        source(),
        config,
        seed=0,
        device=torch.device("cpu"),
        folder=StudyFolder(folder),
        feature_cache=folder / "features",
        console=Console(quiet=True),
    )


def test_every_seed_of_all_arms_comes_before_the_next_seed():
    cells = planned_cells(settings(), seed=5)
    assert cells == [
        Cell("imbalanced", "baseline_cnn", 5),
        Cell("gan", "baseline_cnn", 5),
        Cell("imbalanced", "baseline_cnn", 6),
        Cell("gan", "baseline_cnn", 6),
    ]


def test_a_study_leaves_every_file_and_they_agree(tmp_path):
    summary = study(tmp_path, settings())
    assert json.loads((tmp_path / "summary.json").read_text()) == summary
    results = pd.read_csv(tmp_path / "results.csv")
    assert results[["arm", "seed"]].values.tolist() == [["imbalanced", 0], ["gan", 0], ["imbalanced", 1], ["gan", 1]]
    assert results["num_train_synthetic"].tolist() == [0, 4, 0, 4]
    for arm, seed, accuracy in results[["arm", "seed", "accuracy"]].itertuples(index=False):
        predictions = pd.read_csv(tmp_path / "cells" / arm / "baseline_cnn" / str(seed) / "predictions.csv")
        called = np.where(predictions["probability_B"] > 0.5, "B", "A")
        assert (called == predictions["label"]).mean() == pytest.approx(accuracy, abs=1e-5)
    assert (summary["num_test"], summary["num_test_patients"]) == (12, 6)


def test_interrupted_and_continued_gives_the_same_results(tmp_path, monkeypatch):
    study(tmp_path / "whole", settings())
    real, calls = running.run_cell, []

    def stop_in_the_third(*arguments, **options):
        calls.append(arguments[0])
        if len(calls) == 3:
            signal.raise_signal(signal.SIGINT)
        return real(*arguments, **options)

    monkeypatch.setattr(running, "run_cell", stop_in_the_third)
    with pytest.raises(InterruptedBySignal, match="2 of 4 cells are saved"):
        study(tmp_path / "parts", settings())
    study(tmp_path / "parts", settings())
    assert len(calls) == 5, "two finished cells are not trained again"
    assert (tmp_path / "whole" / "results.csv").read_bytes() == (tmp_path / "parts" / "results.csv").read_bytes()


def test_more_seeds_and_other_synthetic_images_train_only_what_they_touch(tmp_path, monkeypatch):
    study(tmp_path, settings())
    real, trained = running.run_cell, []
    monkeypatch.setattr(running, "run_cell", lambda *a, **o: trained.append(a[0]) or real(*a, **o))
    study(tmp_path, settings("study.seeds=3"))
    assert trained == [Cell("imbalanced", "baseline_cnn", 2), Cell("gan", "baseline_cnn", 2)]
    trained.clear()
    study(tmp_path, settings("study.seeds=3"), lambda: source("s2"))
    assert {cell.arm for cell in trained} == {"gan"} and len(trained) == 3
