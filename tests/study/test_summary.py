import numpy as np
import pandas as pd
import pytest

from ganbal.study.cells import Cell
from ganbal.study.summary import results_table, study_warnings, summarise

CLASSES = ["NORMAL", "PNEUMONIA"]
FACTS = {"classes": CLASSES, "classifiers": [{"name": "cnn", "title": "Baseline CNN", "pretrained": None}]}


def cell_metrics(value):
    per_class = {name: {"precision": value, "recall": value, "f1": value, "support": 10} for name in CLASSES}
    numbers = dict.fromkeys(("accuracy", "balanced_accuracy", "roc_auc", "pr_auc"), value)
    counts = {"num_train": 20, "num_train_synthetic": 0, "steps_taken": 5, "best_step": 4}
    return numbers | counts | {"per_class": per_class}


def study(values):
    """`values`: arm → balanced accuracy of every seed."""
    cells = [
        (Cell(arm, "cnn", seed), cell_metrics(value))
        for arm, of_seeds in values.items()
        for seed, value in enumerate(of_seeds)
    ]
    names = ["accuracy", "balanced_accuracy", "roc_auc", "pr_auc", "recall_NORMAL", "recall_PNEUMONIA"]
    still = {cell: {name: np.zeros(3) for name in names} for cell, _ in cells}
    return summarise(results_table(cells, CLASSES), still, 10, FACTS)


def difference(summary, arm, baseline, metric="balanced_accuracy"):
    found = [d for d in summary["differences"] if (d["arm"], d["baseline"], d["metric"]) == (arm, baseline, metric)]
    assert len(found) == 1
    return found[0]


def test_table_has_a_row_a_cell_and_the_figures_of_each_class():
    table = results_table([(Cell("gan", "cnn", 3), cell_metrics(0.5))], CLASSES)
    assert isinstance(table, pd.DataFrame) and len(table) == 1
    assert table.loc[0, ["arm", "classifier", "seed", "recall_NORMAL"]].tolist() == ["gan", "cnn", 3, 0.5]


def test_means_and_paired_differences_by_hand():
    summary = study({"imbalanced": [0.70, 0.80], "duplicated": [0.75, 0.85], "gan": [0.71, 0.83]})
    mean = next(row for row in summary["per_arm"] if row["arm"] == "gan" and row["metric"] == "balanced_accuracy")
    assert (mean["mean"], mean["n"]) == (pytest.approx(0.77), 2)
    assert mean["sd"] == pytest.approx(0.12 / 2**0.5)
    assert difference(summary, "gan", "imbalanced")["mean"] == pytest.approx(0.02)
    assert difference(summary, "gan", "duplicated")["mean"] == pytest.approx(-0.03)
    assert not any(d["arm"] == "imbalanced" or d["arm"] == d["baseline"] for d in summary["differences"])


@pytest.mark.parametrize(
    ("gan", "words"),
    [
        ([0.80, 0.801, 0.802], "Baseline CNN: helps (balanced accuracy +10.0 points"),
        ([0.60, 0.601, 0.602], "Baseline CNN: hurts (balanced accuracy -10.0 points"),
        ([0.60, 0.80, 0.75], "no difference found"),
    ],
)
def test_the_sentence_says_what_the_interval_says(gan, words):
    sentence = study({"imbalanced": [0.70, 0.701, 0.702], "gan": gan})["verdict_sentence"]
    assert words in sentence and "3 seeds" in sentence and "95% interval" in sentence


def test_trainings_that_do_not_vary_claim_no_power():
    assert "nothing varied" in study({"imbalanced": [0.5, 0.5], "gan": [0.5, 0.5]})["verdict_sentence"]


def test_one_seed_is_no_evidence():
    summary = study({"imbalanced": [0.7], "gan": [0.9]})
    assert difference(summary, "gan", "imbalanced")["verdict"] == "too few seeds"
    assert "says nothing" in summary["verdict_sentence"]


def test_a_study_without_the_gan_arm_does_not_answer():
    assert "cannot say" in study({"imbalanced": [0.7], "duplicated": [0.9]})["verdict_sentence"]


def test_warnings_name_what_weakens_the_study():
    models = [{"title": "VGG16", "pretrained": "none"}]
    text = " ".join(study_warnings(1, "documents", models))
    assert "Only 1 seed" in text and "looking at the test set" in text and "VGG16 is not pretrained" in text
    assert study_warnings(5, "honest", []) == []
