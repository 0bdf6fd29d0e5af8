"""Studies of a few steps. All tests share one finished study and train only what they add to it."""

import json
import shutil
import signal

import numpy as np
import pandas as pd
import pytest
import torch

from ganbal.config import load_config
from ganbal.errors import GanbalError, InputError, InterruptedBySignal
from ganbal.runtime.console import Console
from ganbal.study.arms import ImageSet
from ganbal.study.cell_training import finish_cell
from ganbal.study.cells import TestSet
from ganbal.study.plan import planned_cells
from ganbal.study.running import run_study
from ganbal.study.source import StudyImages, StudySource


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
    return StudySource(
        classes=("A", "B"), at_size=lambda size: at_32, data_digest="d1", synthetic_digest=synthetic_digest
    )


def settings(*more):
    few = [
        "study.classifiers=[baseline_cnn]",
        "study.image_size_px=32",
        "study.seeds=2",
        "study.steps=4",
        "study.checks=2",
    ]
    return load_config(None, [*few, "study.arms=[imbalanced,gan]", "study.augment=none", *more]).study


def study(folder, config, source=source, console=None):
    return run_study(
        source(),
        config,
        seed=0,
        device=torch.device("cpu"),
        folder=folder,
        feature_cache=folder / "features",
        console=console or Console(quiet=True),
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished study and its summary; read only."""
    folder = tmp_path_factory.mktemp("study")
    return folder, study(folder, settings())


@pytest.fixture
def copy(finished, tmp_path):
    """A copy that a test may change."""
    return shutil.copytree(finished[0], tmp_path / "copy")


def marks(folder):
    """When each cell was finished."""
    return {file.parent: file.stat().st_mtime_ns for file in folder.glob("cells/*/*/*/metrics.json")}


def trained_since(before, folder):
    """Arm and seed of the cells that were trained after `before` was taken."""
    return sorted((f.parts[-3], int(f.name)) for f, time in marks(folder).items() if before.get(f) != time)


def test_a_study_leaves_every_file_and_they_agree(finished):
    folder, summary = finished
    assert json.loads((folder / "summary.json").read_text()) == summary
    results = pd.read_csv(folder / "results.csv")
    assert results[["arm", "seed"]].values.tolist() == [["imbalanced", 0], ["gan", 0], ["imbalanced", 1], ["gan", 1]]
    assert results["num_train_synthetic"].tolist() == [0, 4, 0, 4]
    assert (summary["num_test"], summary["num_test_patients"]) == (12, 6)
    for row in results.itertuples(index=False):
        cell = folder / "cells" / row.arm / "baseline_cnn" / str(row.seed)
        metrics = json.loads((cell / "metrics.json").read_text())
        assert row.threshold_chosen == pytest.approx(metrics["threshold_chosen"], abs=1e-5)
        assert (row.mcc, row.brier, row.ece) == pytest.approx(
            (metrics["mcc"], metrics["brier"], metrics["ece"]), abs=1e-5
        )
        predictions = pd.read_csv(cell / "predictions.csv")
        for threshold, accuracy in ((0.5, row.accuracy), (metrics["threshold_chosen"], row.accuracy_chosen)):
            predicted = np.where(predictions["probability_B"] >= threshold, "B", "A")
            assert (predicted == predictions["label"]).mean() == pytest.approx(accuracy, abs=1e-5)
    compared = {row["metric"] for row in summary["differences"]}
    assert {"mcc", "brier", "ece", "mcc_chosen", "recall_A_chosen"} <= compared
    assert [(row["arm"], row["n_seeds"]) for row in summary["pairs"]] == [("gan", 2)]
    assert {warning["kind"] for warning in summary["warnings"]} >= {"few-seeds", "few-test-patients"}


class Interrupting(Console):
    """Sends SIGINT while the cell with this number is trained."""

    def __init__(self, number):
        super().__init__(quiet=True)
        self.number = number

    def progress(self, *arguments, **options):
        bar = super().progress(*arguments, **options)

        def at_cell(text, *more, **others):
            if text.startswith(f"cell {self.number}/"):
                signal.raise_signal(signal.SIGINT)

        bar.set_postfix_str = at_cell
        return bar


def test_interrupted_and_continued_gives_the_same_results(finished, tmp_path):
    with pytest.raises(InterruptedBySignal, match="2 of 4 cells are saved"):
        study(tmp_path, settings(), console=Interrupting(3))
    before = marks(tmp_path)
    study(tmp_path, settings())
    assert trained_since(before, tmp_path) == [("gan", 1), ("imbalanced", 1)]
    assert (finished[0] / "results.csv").read_bytes() == (tmp_path / "results.csv").read_bytes()


def test_more_seeds_and_other_synthetic_images_train_only_what_they_touch(copy):
    before = marks(copy)
    study(copy, settings("study.seeds=3"))
    assert trained_since(before, copy) == [("gan", 2), ("imbalanced", 2)]
    before = marks(copy)
    study(copy, settings("study.seeds=3"), lambda: source("s2"))
    assert trained_since(before, copy) == [("gan", 0), ("gan", 1), ("gan", 2)]


def test_damaged_cells_are_trained_again_and_missing_tables_restored(finished, copy):
    cells = copy / "cells"
    (cells / "gan/baseline_cnn/0/predictions.csv").write_text("file_name,label\n")
    (cells / "gan/baseline_cnn/1/validation.csv").unlink()
    (cells / "imbalanced/baseline_cnn/1/metrics.json").write_text('{"inputs": ')
    (copy / "results.csv").unlink()
    (copy / "summary.json").write_text("")
    before = marks(copy)
    study(copy, settings())
    assert trained_since(before, copy) == [("gan", 0), ("gan", 1), ("imbalanced", 1)]
    for name in ("results.csv", "summary.json"):
        assert (copy / name).read_bytes() == (finished[0] / name).read_bytes()


def test_fewer_seeds_and_fewer_arms_need_no_training(copy):
    before = marks(copy)
    assert study(copy, settings("study.seeds=1"))["seeds"] == [0]
    assert study(copy, settings("study.arms=[imbalanced]"))["arms"] == ["imbalanced"]
    assert trained_since(before, copy) == []


def test_each_ratio_is_trained_on_its_number_of_images_in_its_own_folder(tmp_path):
    # 24 real images are balanced, so some of the labels are changed.
    def small():
        made = source().at_size(32)
        labels = np.where(np.arange(24) < 8, 0, 1)
        real, synthetic = ImageSet(made.real.pixels, labels), ImageSet(made.real.pixels[:16], np.zeros(16, np.int64))
        images = StudyImages(real, synthetic, made.validation, made.test)
        return StudySource(classes=("A", "B"), at_size=lambda size: images, data_digest="d", synthetic_digest="s")

    config = settings("study.synthetic_ratios=[0.5,2]", "study.arms=[imbalanced,duplicated,gan]", "study.seeds=1")
    found = []
    for cell in planned_cells(config, seed=0):
        metrics = finish_cell(
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
        return StudySource(classes=("A", "B"), at_size=lambda size: images, data_digest="d", synthetic_digest="s")

    with pytest.raises(InputError, match=r"2 A, 2 B.*8 A, 0 B are needed for gan.*synthesize --n A=8"):
        study(tmp_path, settings("study.synthetic_ratios=[1]"), small)
    assert not (tmp_path / "cells").exists()


def test_exhausted_memory_names_the_settings_to_lower(tmp_path):
    def too_large(size_px):
        raise MemoryError

    full = StudySource(("A", "B"), too_large, "d", "s", counts=lambda: source().counts_at(32))
    with pytest.raises(GanbalError, match=r"training baseline_cnn .*study\.batch_size or study\.workers"):
        study(tmp_path, settings("study.arms=[imbalanced]"), lambda: full)
