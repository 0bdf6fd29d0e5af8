"""Features of a frozen backbone before the training: VGG16 without its weights at 32 px."""

import signal

import numpy as np
import pytest
import torch

from ganbal.config import load_config
from ganbal.errors import InterruptedBySignal
from ganbal.runtime.console import Console
from ganbal.study import backbone_features
from ganbal.study.arms import ImageSet
from ganbal.study.backbone_features import compute_backbone_features
from ganbal.study.cells import TestSet
from ganbal.study.executors import ProcessExecutor
from ganbal.study.plan import augmented_versions, planned_cells
from ganbal.study.running import run_study
from ganbal.study.source import StudyImages, StudySource

pytestmark = pytest.mark.usefixtures("one_torch_thread")


def images(count, seed):
    random = np.random.default_rng(seed)
    labels = np.minimum(np.arange(count) % 3, 1)  # a third are of class 0
    return ImageSet(random.integers(0, 256, (count, 32, 32), dtype=np.uint8), labels.astype(np.int64))


def source():
    """24 real images, 8 synthetic ones of class 0, 5 for validation and 7 for the test."""
    test = TestSet(images(7, 3), [f"{i}.png" for i in range(7)], [""] * 7, ("A", "B"))
    synthetic = ImageSet(images(8, 2).pixels, np.zeros(8, np.int64))
    at_32 = StudyImages(images(24, 1), synthetic, images(5, 4), test)
    return StudySource(classes=("A", "B"), at_size=lambda size: at_32, data_digest="d", synthetic_digest="s")


def settings(*more):
    few = ["study.classifiers=[vgg16]", "study.weights=none", "study.image_size_px=32", "study.seeds=2"]
    few += ["study.steps=4", "study.checks=2", "study.batch_size=8", "study.augment=published"]
    return load_config(None, [*few, "study.arms=[imbalanced,gan]", "study.augmented_versions=3", *more]).study


class Recording(Console):
    def __init__(self):
        super().__init__(quiet=True)
        self.lines, self.bars = [], []

    def say(self, text=""):
        self.lines.append(text)

    def progress(self, *arguments, **options):
        self.bars.append(super().progress(*arguments, **options))
        return self.bars[-1]


def compute(folder, config, *, arms=("imbalanced", "gan"), executor=None):
    """What was announced, and the bars at their end."""
    console, cells = Recording(), [cell for cell in planned_cells(config, 0) if cell.arm in arms]
    device = torch.device("cpu")
    compute_backbone_features(cells, source(), config, device=device, cache=folder, executor=executor, console=console)
    return console.lines, [(bar.n, bar.total) for bar in console.bars]


def test_every_image_passes_once_and_arms_share_the_real_ones(tmp_path):
    lines, bars = compute(tmp_path, settings(), arms=["imbalanced"])
    assert bars == [(24 * 3 + 5 + 7,) * 2]
    assert "84 images pass through the frozen backbone once (3 augmented versions of 24 images among them)" in lines[0]
    assert compute(tmp_path, settings())[1] == [(8 * 3,) * 2], "only the synthetic images of the arm `gan` are new"
    assert compute(tmp_path, settings("study.seeds=3", "study.protocol=documents")) == ([], [])
    assert compute(tmp_path, settings("study.augmented_versions=4"))[1] == [(32, 32)], "one more version of each"


def test_without_versions_only_unchanged_images_are_computed(tmp_path):
    assert compute(tmp_path, settings("study.augmented_versions=0"))[1] == [(12, 12)]
    assert compute(tmp_path, settings("study.augment=none"))[1] == [(32, 32)]
    assert compute(tmp_path, settings("study.classifiers=[baseline_cnn]")) == ([], [])


def test_workers_compute_the_same_features(tmp_path, monkeypatch):
    alone, together = tmp_path / "alone", tmp_path / "together"
    monkeypatch.setattr(backbone_features, "_WORTH_WORKERS_SECONDS", 0)
    monkeypatch.setattr(backbone_features, "_FEATURES_PER_PIECE", 24)
    compute(alone, settings())
    _, bars = compute(together, settings(), executor=ProcessExecutor(2))
    assert bars == [(108, 108)]
    files = {file.relative_to(alone): file.read_bytes() for file in alone.rglob("*.safetensors")}
    assert files == {file.relative_to(together): file.read_bytes() for file in together.rglob("*.safetensors")}


def test_an_interruption_keeps_what_is_done(tmp_path, monkeypatch):
    monkeypatch.setattr(backbone_features, "_FEATURES_PER_PIECE", 12)
    store, calls = backbone_features._store, []

    def interrupted(piece, inputs, report=None):
        store(piece, inputs, report)
        calls.append(piece)
        if len(calls) == 4:
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patched:
        patched.setattr(backbone_features, "_store", interrupted)
        with pytest.raises(InterruptedBySignal, match=r"The features of \d+ of 108 images are saved"):
            compute(tmp_path, settings())
    (computed,) = compute(tmp_path, settings())[1]
    assert 0 < computed[0] <= 108 - sum(piece.num_features for piece in calls)


def test_a_study_records_the_versions_and_is_trained_again_with_others(tmp_path):
    def study(*more):
        return run_study(
            source(),
            settings("study.arms=[imbalanced]", "study.seeds=1", *more),
            seed=0,
            device=torch.device("cpu"),
            folder=tmp_path,
            feature_cache=tmp_path / "features",
            console=Console(quiet=True),
        )

    def metrics():
        return (tmp_path / "cells/imbalanced/vgg16/0/metrics.json").read_text()

    assert study()["classifiers"][0]["augmented_versions"] == 3
    first = metrics()
    assert '"augmented_versions": 3' in first
    study()
    assert metrics() == first, "a finished cell is not trained again"
    assert study("study.augmented_versions=0")["classifiers"][0]["augmented_versions"] == 0
    assert "augmented_versions" not in metrics()
    study()
    assert '"augmented_versions": 3' in metrics()


def test_versions_are_for_augmented_classifiers_with_a_frozen_backbone():
    config = settings("study.augment=anatomical")
    names = ("vgg16", "xception", "transfer:resnet18", "transfer:resnet18:1", "baseline_cnn", "pixel_svm")
    assert [augmented_versions(name, config) for name in names] == [3, 3, 3, 0, 0, 0]
    assert augmented_versions("xception", settings("study.augment=published")) == 0, "published without augmentation"
    assert augmented_versions("vgg16", settings("study.augment=none")) == 0
