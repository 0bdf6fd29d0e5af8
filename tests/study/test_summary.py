import math

import numpy as np
import pandas as pd
import pytest

from ganbal.study.aggregate import StudyDescription, summarize
from ganbal.study.cell import Cell
from ganbal.study.cell_metrics import cell_figures, compared_metrics
from ganbal.study.statistics.holm import holm
from ganbal.study.summary import results_table

CLASSES = ["NORMAL", "PNEUMONIA"]
MODELS = [{"name": "cnn", "title": "Baseline CNN", "pretrained": None}]
STUDY = StudyDescription(protocol="honest", classifiers=MODELS, seeds=[0, 1, 2, 3, 4], steps=5, num_val=8)
COUNTS = {"num_train": 20, "num_train_synthetic": 4, "steps_taken": 5, "best_step": 4}


def summary_of(values, num_patients=40):
    """`values`: cell → every metric's value; the test patients make no difference."""
    names = compared_metrics(CLASSES)
    figures = {cell: dict.fromkeys(names, value) for cell, value in values.items()}
    still = {cell: {name: np.zeros(3) for name in names} for cell in values}
    return summarized(figures, still, num_patients)


def summarized(figures, resampled, num_patients=40):
    done = {cell: {"device": "cpu float32"} for cell in figures}
    patients = [str(number) for number in range(num_patients) for _ in CLASSES]  # one image of each class
    labels = np.tile(np.arange(len(CLASSES)), num_patients)
    return summarize(figures, resampled, done, labels, patients, CLASSES, STUDY)


def study(values):
    """`values`: arm → every metric's value for each seed."""
    return summary_of({Cell(arm, "cnn", seed): value for arm in values for seed, value in enumerate(values[arm])})


def difference(summary, arm, baseline, metric="balanced_accuracy"):
    found = [d for d in summary["differences"] if (d["arm"], d["baseline"], d["metric"]) == (arm, baseline, metric)]
    assert len(found) == 1
    return found[0]


def test_the_table_has_one_row_per_cell_with_its_metrics_and_counts():
    cells = [Cell("imbalanced", "cnn", 3), Cell("gan", "cnn", 3, 0.5, 0.1)]
    figures = cell_figures(np.array([0, 1]), np.array([[0.9, 0.1], [0.6, 0.4]]), CLASSES, 0.3)
    table = results_table(dict.fromkeys(cells, figures), dict.fromkeys(cells, COUNTS | {"seconds": 3.0}))
    assert isinstance(table, pd.DataFrame) and len(table) == 2
    columns = ["arm", "synthetic_ratio", "minority_fraction", "classifier", "seed", *figures, *COUNTS]
    assert table.columns.tolist() == columns
    assert table.loc[1, columns[:5]].tolist() == ["gan", 0.5, 0.1, "cnn", 3]
    assert math.isnan(table.loc[0, "synthetic_ratio"])
    assert table.loc[1, ["recall_PNEUMONIA", "recall_PNEUMONIA_chosen", "mcc_chosen"]].tolist() == [0, 1, 1]


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
        ([0.80, 0.802, 0.801], "Baseline CNN: helps (balanced accuracy +10.0 points"),
        ([0.60, 0.602, 0.601], "Baseline CNN: hurts (balanced accuracy −10.0 points"),
        ([0.60, 0.80, 0.75], "no difference found"),
    ],
)
def test_the_sentence_agrees_with_the_interval(gan, words):
    sentence = study({"imbalanced": [0.70, 0.701, 0.702], "gan": gan})["verdict_sentence"]
    assert words in sentence and "3 seeds" in sentence and "95 % interval" in sentence


def test_trainings_that_do_not_vary_claim_no_power():
    assert "nothing varied" in study({"imbalanced": [0.6, 0.6], "gan": [0.6, 0.6]})["verdict_sentence"]


def test_one_seed_is_no_evidence():
    summary = study({"imbalanced": [0.7], "gan": [0.9]})
    assert difference(summary, "gan", "imbalanced")["verdict"] == "too few seeds"
    assert difference(summary, "gan", "imbalanced")["p_holm"] is None
    assert "says nothing" in summary["verdict_sentence"]


def test_less_is_better_for_some_metrics():
    summary = study({"imbalanced": [0.3, 0.301, 0.302], "gan": [0.2, 0.2, 0.203]})
    for metric, better, verdict in (("brier", "lower", "helps"), ("ece", "lower", "helps"), ("mcc", "higher", "hurts")):
        row = difference(summary, "gan", "imbalanced", metric)
        assert (row["better"], row["verdict"]) == (better, verdict)


def test_p_values_are_corrected_over_all_comparisons_of_a_metric_and_baseline():
    random = np.random.default_rng(0)
    arms = ("imbalanced", "duplicated", "gan", "class-weights")
    cells = {
        Cell(arm, classifier, seed): 0.7 + 0.02 * arms.index(arm) + random.normal(0, 0.02)
        for arm in arms
        for classifier in ("cnn", "svm")
        for seed in range(4)
    }
    rows = summary_of(cells)["differences"]
    for baseline, size in (("imbalanced", 6), ("duplicated", 4)):
        family = [row for row in rows if (row["metric"], row["baseline"]) == ("roc_auc", baseline)]
        assert [row["family_size"] for row in family] == [size] * size
        assert [row["p_holm"] for row in family] == holm([row["p_value"] for row in family])
        assert [row["verdict"] == "helps" for row in family] == [row["p_holm"] <= 0.05 for row in family]


def test_an_interval_without_zero_is_no_finding_after_correction():
    values = {Cell("imbalanced", "cnn", seed): 0.7 for seed in range(3)}
    values |= {Cell("gan", "cnn", seed): value for seed, value in enumerate((0.72, 0.73, 0.735))}
    values |= {
        Cell("augmented", "cnn", seed, ratio): value
        for ratio in (0.1, 0.2, 0.3)
        for seed, value in enumerate((0.6, 0.8, 0.72))
    }
    summary = summary_of(values)
    row = difference(summary, "gan", "imbalanced")
    assert row["low"] > 0 and row["p_value"] < 0.05 < row["p_holm"]
    assert row["verdict"] == "no difference found"
    assert "not after correction for 4 comparisons" in summary["verdict_sentence"]


def test_ratios_and_fractions_have_rows_of_their_own():
    cells = [
        Cell("imbalanced", "cnn", 0),
        Cell("imbalanced", "cnn", 0, None, 0.1),
        Cell("gan", "cnn", 0, 0.5),
        Cell("gan", "cnn", 0, 1.0),
        Cell("gan", "cnn", 0, 1.0, 0.1),
    ]
    summary = summary_of({cell: 0.5 + number / 100 for number, cell in enumerate(cells)})
    means = [
        (r["arm"], r["synthetic_ratio"], r["minority_fraction"]) for r in summary["per_arm"] if r["metric"] == "mcc"
    ]
    assert means == [(cell.arm, cell.synthetic_ratio, cell.minority_fraction) for cell in cells]
    rows = [r for r in summary["differences"] if r["metric"] == "mcc"]
    assert [(r["synthetic_ratio"], r["minority_fraction"], round(r["mean"], 3)) for r in rows] == [
        (0.5, 1.0, 0.02),
        (1.0, 1.0, 0.03),
        (1.0, 0.1, 0.03),
    ]
    assert summary["arms"] == ["imbalanced", "gan"]


def test_a_metric_that_no_cell_has_is_left_out_and_one_that_some_have_is_not():
    names = compared_metrics(CLASSES)
    cells = {Cell(arm, "cnn", seed): 0.5 + seed / 10 for arm in ("imbalanced", "gan") for seed in range(3)}
    figures = {cell: dict.fromkeys(names, value) | {"mcc_chosen": math.nan} for cell, value in cells.items()}
    figures[Cell("gan", "cnn", 1)]["roc_auc"] = math.nan
    still = {cell: {name: np.zeros(3) for name in names} for cell in cells}
    summary = summarized(figures, still)
    assert {row["metric"] for row in summary["per_arm"]} == set(names) - {"mcc_chosen"}
    row = difference(summary, "gan", "imbalanced", "roc_auc")
    assert (row["n"], row["mean"]) == (2, 0.0)
    mean = next(r for r in summary["per_arm"] if (r["arm"], r["metric"]) == ("gan", "roc_auc"))
    assert (mean["mean"], mean["n"]) == (pytest.approx(0.6), 2)
    for cell in figures:
        if cell.arm == "gan":
            figures[cell]["roc_auc"] = math.nan
    row = difference(summarized(figures, still), "gan", "imbalanced", "roc_auc")
    assert (row["n"], row["mean"], row["p_holm"], row["verdict"]) == (0, None, None, "too few seeds")


def test_a_study_without_the_gan_arm_does_not_answer():
    assert "cannot say" in study({"imbalanced": [0.7], "duplicated": [0.9]})["verdict_sentence"]


def test_classifiers_at_chance_give_no_answer():
    cells = [Cell(arm, "cnn", seed) for arm in ("imbalanced", "gan") for seed in range(3)]
    figures = {cell: dict.fromkeys(compared_metrics(CLASSES), 0.51 if cell.arm == "gan" else 0.5) for cell in cells}
    # The test patients alone move balanced accuracy by two points.
    samples = {cell: {name: np.array([0.49, 0.51, 0.53]) for name in figures[cell]} for cell in cells}
    summary = summarized(figures, samples)
    assert summary["verdict"]["kind"] == "not-learned" and summary["verdict"]["findings"] == []
    assert summary["verdict_sentence"].startswith("Cannot tell: the classifiers did not learn.")
    assert "study.steps" in summary["verdict_sentence"]
    better = {cell: of_cell | {"balanced_accuracy": 0.8} for cell, of_cell in figures.items()}
    assert summarized(better, samples)["verdict"]["kind"] == "no-difference"


def test_intervals_stay_within_the_range_of_the_metric():
    cells = {Cell("imbalanced", "cnn", 0): 0.2, Cell("imbalanced", "cnn", 1): 0.9, Cell("gan", "cnn", 0): 0.9}
    summary = summary_of(cells | {Cell("gan", "cnn", 1): 0.4})
    row = difference(summary, "gan", "imbalanced", "roc_auc")
    assert (row["low"], row["high"], row["is_informative"]) == (-1.0, 1.0, False)
    assert difference(summary, "gan", "imbalanced", "mcc")["high"] == 2.0
    (found,) = [entry for entry in summary["warnings"] if entry["kind"] == "uninformative-intervals"]
    assert "roc_auc" in found["values"]["metrics"]
    assert "uninformative" in summary["verdict_sentence"]


def test_one_test_patient_supports_no_claim_about_others():
    values = {Cell(arm, "cnn", seed): 0.7 + seed / 100 for arm in ("imbalanced", "gan") for seed in range(3)}
    summary = summary_of(values, num_patients=1)
    assert summary["interval_covers"] == ["seeds"]
    assert all(row["test_se"] is None for row in summary["differences"])
    assert [entry["kind"] for entry in summary["warnings"]] == ["one-test-patient"]
    assert summary_of(values)["interval_covers"] == ["seeds", "patients"]


def test_the_usual_condition_is_the_whole_class_and_the_ratio_nearest_to_one():
    cells = [Cell("imbalanced", "cnn", 0), *(Cell("gan", "cnn", 0, r, f) for f in (0.1, 1.0) for r in (0.25, 1.0, 2.0))]
    found = summary_of(dict.fromkeys(cells, 0.7))["usual_conditions"]
    assert found["gan"] == {"synthetic_ratio": 1.0, "minority_fraction": 1.0}
    assert found["imbalanced"] == {"synthetic_ratio": None, "minority_fraction": 1.0}


def test_few_patients_of_a_class_are_no_evidence_that_a_classifier_learned():
    names = compared_metrics(CLASSES)
    cells = [Cell(arm, "cnn", seed) for arm in ("imbalanced", "gan") for seed in range(3)]
    figures = {cell: dict.fromkeys(names, 0.6) for cell in cells}
    resampled = {cell: {name: np.array([0.56, 0.6, 0.64]) for name in names} for cell in cells}  # three deviations
    assert summarized(figures, resampled, num_patients=40)["verdict"]["kind"] != "not-learned"
    assert summarized(figures, resampled, num_patients=3)["verdict"]["kind"] == "not-learned"
