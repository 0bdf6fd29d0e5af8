"""A run folder with small trained classifiers and pictures to predict."""

import numpy as np
import pytest
import torch
from PIL import Image

from classifiers.training.train import TrainingCallbacks
from ganbal.config import dump_config, load_config
from ganbal.data.decoding import USUAL
from ganbal.run.folder import Run
from ganbal.study.arms import ImageSet, TrainingSet
from ganbal.study.cell import Cell
from ganbal.study.cell_training import train_cell
from ganbal.study.cells import TestSet
from ganbal.synthesis.synthetic_png import write_synthetic_png

SETTINGS = [
    "data.root=phantom",
    "study.classifiers=[baseline_cnn]",
    "study.arms=[imbalanced,duplicated]",
    "study.steps=30",
    "study.checks=3",
    "study.augment=none",
    "study.learning_rate=0.003",
]


def squares(count, seed, size=32, num_classes=2):
    """Images of one gray each, class by class brighter, with some noise."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % num_classes
    level = (60 + 120 * labels / (num_classes - 1))[:, None, None]
    return ImageSet((level + random.integers(-30, 30, (count, size, size))).astype(np.uint8), labels.astype(np.int64))


def add_cell(run, arm="imbalanced", seed=0, classes=("DARK", "LIGHT"), conversion=USUAL):
    cell = Cell(arm, "baseline_cnn", seed)
    test = squares(12, 3, num_classes=len(classes))
    train_cell(
        cell,
        TrainingSet(squares(48, 1, num_classes=len(classes))),
        squares(16, 2, num_classes=len(classes)),
        TestSet(test, [f"{i}.png" for i in range(12)], [f"p{i}" for i in range(12)], tuple(classes)),
        load_config(None, SETTINGS).study,
        image_size_px=32,
        conversion=conversion,
        device=torch.device("cpu"),
        feature_cache=run.folder / "features",
        study_folder=run.study_folder,
        inputs="digest",
        callbacks=TrainingCallbacks(),
    )
    return cell.folder(run.study_folder)


@pytest.fixture(autouse=True)
def small_networks(one_torch_thread):
    """Every test here runs small networks."""


@pytest.fixture(scope="session")
def trained_run(made_once):
    """A run with the cells duplicated 0, imbalanced 0 and imbalanced 3; read only."""

    def make(folder):
        run = Run(folder)
        folder.mkdir()
        run.save_settings(dump_config(load_config(None, SETTINGS)))
        add_cell(run, "duplicated")
        add_cell(run, seed=3)
        add_cell(run)

    return Run(made_once("trained", make))


@pytest.fixture
def pictures(tmp_path):
    """A folder with dark.png, light.jpeg, below/synthetic.png (dark, marked) and notes.txt."""
    folder = tmp_path / "pictures"
    (folder / "below").mkdir(parents=True)
    dark, light = (np.full((60, 50), gray, np.uint8) for gray in (60, 180))
    Image.fromarray(dark).save(folder / "dark.png")
    Image.fromarray(light).save(folder / "light.jpeg")
    write_synthetic_png(folder / "below" / "synthetic.png", dark, {"seed": "0"})
    (folder / "notes.txt").write_text("no image")
    return folder
