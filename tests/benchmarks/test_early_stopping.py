from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ganbal.study.arms import ImageSet

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def benchmarks_can_be_imported(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))


def test_the_ways_in_which_a_training_could_have_ended():
    from early_stopping import endings

    losses = pd.Series([0.5, 0.4, 0.45, 0.41, 0.3, 0.35])
    assert [index for _, index in endings(losses, patience=2)] == [1, 4, 5]
    assert [index for _, index in endings(losses, patience=3)] == [4, 4, 5]


def test_the_summary_has_one_row_per_arm_and_ending():
    from early_stopping import summary

    figures = ["test_loss", "test_accuracy", "test_balanced_accuracy", "test_roc_auc"]
    rows = [
        {"arm": "gan", "seed": seed, "step": step, "val_loss": loss} | dict.fromkeys(figures, accuracy)
        for seed in (0, 1)
        for step, loss, accuracy in ((10, 0.5, 0.6), (20, 0.4, 0.7 + 0.1 * seed), (30, 0.6, 0.9))
    ]
    found = summary(pd.DataFrame(rows), patience=5).set_index("ending")["test_accuracy"]
    assert found.loc["all steps, best check", "mean"] == pytest.approx(0.75)
    assert found.loc["all steps, best check", "std"] == pytest.approx(0.1 / 2**0.5)
    assert found.loc["all steps, last check", "mean"] == pytest.approx(0.9)


def test_test_figures_by_hand():
    from early_stopping import test_figures as figures_of

    labels, of_class_1 = np.array([0, 0, 1, 1]), np.array([0.2, 0.6, 0.5, 0.9])
    images = ImageSet(np.zeros((4, 2, 2), np.uint8), labels)
    found = figures_of(images, np.stack([1 - of_class_1, of_class_1], axis=1))
    assert found["test_accuracy"] == pytest.approx(0.75)  # 0.5 is predicted as class 1
    assert found["test_roc_auc"] == pytest.approx(0.75)
    assert found["test_loss"] == pytest.approx(-np.log([0.8, 0.4, 0.5, 0.9]).mean())
