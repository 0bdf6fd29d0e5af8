import dataclasses
import json
import signal

import numpy as np
import pandas as pd
import pytest
import torch

from ganbal.config import load_config
from ganbal.errors import InputError, InterruptedBySignal
from ganbal.runtime.console import Console
from ganbal.study import running
from ganbal.study.arms import ImageSet
from ganbal.study.arms.additions import ClassCounts
from ganbal.study.cells import Cell, TestSet
from ganbal.study.plan import arms_left_out, planned_cells
from ganbal.study.running import run_study
from ganbal.study.sources import StudyFolder, StudyImages, StudySource


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


def test_what_the_summary_says_comes_from_the_files_of_the_cells(tmp_path):
    summary = study(tmp_path, settings())
    results = pd.read_csv(tmp_path / "results.csv")
    for row in results.itertuples(index=False):
        cell = tmp_path / "cells" / row.arm / "baseline_cnn" / str(row.seed)
        metrics = json.loads((cell / "metrics.json").read_text())
        assert row.threshold_chosen == pytest.approx(metrics["threshold_chosen"], abs=1e-5)
        assert (row.mcc, row.brier, row.ece) == pytest.approx(
            (metrics["mcc"], metrics["brier"], metrics["ece"]), abs=1e-5
        )
        predictions = pd.read_csv(cell / "predictions.csv")
        called = np.where(predictions["probability_B"] >= metrics["threshold_chosen"], "B", "A")
        assert (called == predictions["label"]).mean() == pytest.approx(row.accuracy_chosen, abs=1e-5)
    compared = {row["metric"] for row in summary["differences"]}
    assert {"mcc", "brier", "ece", "mcc_chosen", "recall_A_chosen"} <= compared
    assert [(row["arm"], row["n_seeds"]) for row in summary["pairs"]] == [("gan", 2)]


def test_a_study_of_before_validation_predictions_were_kept_is_summarised_without_training(tmp_path, monkeypatch):
    study(tmp_path, settings())
    for file in tmp_path.glob("cells/*/*/*/validation.csv"):
        file.unlink()
    monkeypatch.setattr(running, "run_cell", lambda *a, **o: pytest.fail("trained again"))
    summary = study(tmp_path, settings())
    assert not any(row["metric"].endswith("_chosen") for row in summary["differences"])


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


def test_ratios_and_fractions_multiply_only_the_arms_they_concern():
    config = settings("study.arms=[imbalanced,sampler,duplicated]", "study.synthetic_ratios=[0.5,1]", "study.seeds=1")
    found = [(cell.arm, cell.synthetic_ratio) for cell in planned_cells(config, seed=0)]
    assert found == [("imbalanced", None), ("sampler", None), ("duplicated", 0.5), ("duplicated", 1.0)]
    config = settings("study.minority_fractions=[0.1,1]", "study.seeds=1", "study.synthetic_ratios=[2]")
    found = [(cell.arm, cell.synthetic_ratio, cell.minority_fraction) for cell in planned_cells(config, seed=0)]
    assert found == [("imbalanced", None, 0.1), ("gan", 2.0, 0.1), ("imbalanced", None, 1.0), ("gan", 2.0, 1.0)]


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


def test_pairs_that_make_no_sense_are_left_out_and_told():
    config = settings("study.arms=[imbalanced,smote,sampler]", "study.classifiers=[cnn_64,pixel_svm]", "study.seeds=1")
    assert [(cell.arm, cell.classifier) for cell in planned_cells(config, seed=0)] == [
        *[("imbalanced", "cnn_64"), ("sampler", "cnn_64"), ("imbalanced", "pixel_svm"), ("smote", "pixel_svm")]
    ]
    reasons = [(left["values"]["arm"], left["values"]["reason"]) for left in arms_left_out(config)]
    assert reasons == [("smote", "smote-needs-fixed-features"), ("sampler", "sampler-needs-batches")]
    frozen = ("study.arms=[imbalanced,smote]", "study.classifiers=[vgg16]", "study.seeds=1")
    assert len(planned_cells(settings(*frozen), seed=0)) == 2
    (left,) = arms_left_out(settings(*frozen, "study.augment=anatomical"))
    assert left["values"]["reason"] == "smote-needs-no-augmentation"


def test_ratios_are_trained_on_what_they_say_and_told_apart(tmp_path):
    # 24 real images are balanced, so the labels of some are made others.
    def small():
        made = source().at_size(32)
        labels = np.where(np.arange(24) < 8, 0, 1)
        real, synthetic = ImageSet(made.real.pixels, labels), ImageSet(made.real.pixels[:16], np.zeros(16, np.int64))
        images = StudyImages(real, synthetic, made.validation, made.test)
        return StudySource(at_size=lambda size: images, data_digest="d", synthetic_digest="s")

    config = settings("study.synthetic_ratios=[0.5,2]", "study.arms=[imbalanced,duplicated,gan]", "study.seeds=1")
    found = []
    for cell in planned_cells(config, seed=0):
        metrics = running.finish_cell(
            cell, small(), config, device=torch.device("cpu"), root=tmp_path, feature_cache=tmp_path / "features"
        )
        assert (cell.folder(tmp_path) / "metrics.json").is_file()
        found.append((cell.arm, cell.synthetic_ratio, metrics["num_train"], metrics["num_train_synthetic"]))
    assert found == [
        ("imbalanced", None, 24, 0),
        ("duplicated", 0.5, 28, 0),
        ("duplicated", 2.0, 40, 0),
        ("gan", 0.5, 28, 4),
        ("gan", 2.0, 40, 16),
    ]


def test_too_few_synthetic_images_stop_the_study_before_its_first_cell(tmp_path):
    def small():
        made = source().at_size(32)
        labels = np.where(np.arange(24) < 8, 0, 1)
        images = StudyImages(ImageSet(made.real.pixels, labels), made.synthetic, made.validation, made.test)
        return StudySource(at_size=lambda size: images, data_digest="d", synthetic_digest="s")

    with pytest.raises(InputError, match=r"8 A, 0 B synthetic images for gan; found 2 A, 2 B.*synthesize --n A=8"):
        study(tmp_path, settings("study.synthetic_ratios=[1]"), small)
    assert not (tmp_path / "cells").exists()


def test_cells_that_were_there_before_ratios_keep_their_digest(tmp_path):
    """The digests of cells of a run made by version 0.1.0's first arms."""
    before = {"imbalanced": "9b6e67f9f0676168", "gan": "c9e52b10865a7b1b", "duplicated": "eda4f07d2787084f"}
    filled = dataclasses.replace(source(), counts=lambda: ClassCounts(np.array([3, 7]), np.array([4, 0])))

    def digests(source):
        return {arm: running._cell_inputs(Cell(arm, "baseline_cnn", 0), source, settings(), 32) for arm in before}

    assert digests(filled) == before
    fewer = dataclasses.replace(source(), counts=lambda: ClassCounts(np.array([3, 7]), np.array([2, 0])))
    assert {arm for arm, digest in digests(fewer).items() if digest != before[arm]} == {"duplicated"}
