"""Studies with ratios and fractions of the minority class: what is shown of them, and where."""

import csv
import json

import pytest

from ganbal.report.conditions import Condition, condition_of, in_words
from ganbal.report.figures.condition_curves import condition_galleries
from ganbal.report.page import Drawing, Gallery, Picture, Table, walk
from ganbal.report.run_reader import read_run_folder
from ganbal.report.sections.classifiers import classifiers_blocks
from ganbal.report.study_view import study_view


@pytest.fixture(scope="module")
def study(run_with_ratios):
    return study_view(read_run_folder(run_with_ratios))


def table_file(folder, name):
    with (folder / "tables" / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({}, Condition(None, 1.0)),
        ({"synthetic_ratio": None, "minority_fraction": 0.1}, Condition(None, 0.1)),
        ({"synthetic_ratio": float("nan"), "minority_fraction": float("nan")}, Condition(None, 1.0)),
        ({"synthetic_ratio": 2, "minority_fraction": 1}, Condition(2.0, 1.0)),
    ],
)
def test_conditions_of_rows(row, expected):
    assert condition_of(row) == expected


def test_conditions_in_words():
    assert in_words(Condition()) == ""
    assert in_words(Condition(0.25, 0.1)) == "ratio 0.25, 10 % of the minority class"


def test_folders_of_cells_give_their_condition(study):
    found = {(cell.arm, *cell.condition) for cell in study.run.cells}
    assert ("gan", 0.5, 1.0) in found and ("duplicated", 1.0, 0.6) in found and ("imbalanced", None, 0.6) in found
    assert len(study.run.cells) == 2 * 2 * (1 + 2 + 2)  # fractions × seeds × arms at their ratios


def test_an_arm_whose_name_looks_like_a_ratio_stays_an_arm(run):
    (run / "study" / "cells" / "gan").rename(run / "study" / "cells" / "gan_ratio_high")
    assert "gan_ratio_high" in {cell.arm for cell in read_run_folder(run).cells}


def test_an_arm_is_represented_by_its_usual_condition(study):
    assert [cell.condition for cell in study.cells("pixel_svm", "gan")] == [Condition(1.0, 1.0)] * 2
    rows = study.differences("pixel_svm")
    assert {(row["arm"], row["synthetic_ratio"], row["minority_fraction"]) for row in rows} == {
        ("gan", 1.0, 1.0),
        ("duplicated", 1.0, 1.0),
    }


def test_curves_over_ratios_and_fractions(study):
    ratios, fractions = condition_galleries(study)
    assert [item.name for item in ratios.items] == ["ratio-pixel_svm"]
    assert [item.name for item in fractions.items] == ["fraction-pixel_svm"]
    description = ratios.items[0].alt
    assert description.index("gan: at 0.5") < description.index("duplicated: at 0.5")
    for row in study.all_differences("pixel_svm"):
        if (row["arm"], row["metric"], row["minority_fraction"]) == ("gan", "balanced_accuracy", 1) and row["mean"]:
            assert f"at {row['synthetic_ratio']:g} {100 * row['mean']:+.1f}".replace("-", "−") in description
    assert "gan: at 0.6 " in fractions.items[0].alt and "at 0.5" not in fractions.items[0].alt


def test_no_curve_over_a_single_place(finished_run):
    assert condition_galleries(study_view(read_run_folder(finished_run))) == []


def test_differences_have_condition_and_tests(run_with_ratios):
    rows = table_file(run_with_ratios, "differences-all-pixel_svm-imbalanced")
    assert list(rows[0]) == [
        "Arm",
        "Ratio",
        "Share of the minority class",
        "Metric",
        "Difference",
        "Interval low",
        "Interval high",
        "Verdict",
        "p",
        "p (Holm)",
        "Smallest detectable",
        "Seeds",
        "Seeds needed",
    ]
    assert {row["Ratio"] for row in rows} == {"0.5", "1.0"}
    assert {"Brier score (lower is better)", "MCC", "MCC at the chosen threshold"} <= {row["Metric"] for row in rows}


def test_the_open_table_of_differences_stays_short(run_with_ratios):
    rows = table_file(run_with_ratios, "differences-pixel_svm-imbalanced")
    assert {row["Ratio"] for row in rows} == {"1.0"} and "Share of the minority class" not in rows[0]
    assert {row["Metric"] for row in rows} == {"Balanced accuracy", "ROC-AUC", "Recall NORMAL", "Recall PNEUMONIA"}


def test_pairs_of_arms(run_with_ratios):
    row = table_file(run_with_ratios, "pairs")[0]
    pair = json.loads((run_with_ratios / "study" / "summary.json").read_text())["pairs"][0]
    assert (row["Only baseline correct"], row["Only arm correct"]) == (
        str(pair["mcnemar"]["b"]),
        str(pair["mcnemar"]["c"]),
    )
    assert float(row["ROC-AUC difference"]) == pair["delong"]["difference"]


def test_both_thresholds_are_side_by_side(run_with_ratios):
    row = table_file(run_with_ratios, "thresholds-pixel_svm")[0]
    assert list(row)[:5] == [
        "Arm",
        "Accuracy at 0.5",
        "Accuracy at chosen",
        "Balanced accuracy at 0.5",
        "Balanced accuracy at chosen",
    ]
    assert 0 <= float(row["Chosen threshold"]) <= 1


def test_galleries_and_tables_have_names_of_their_own(study):
    names = [block.name for block in walk(classifiers_blocks(study.run)) if isinstance(block, Table)]
    for block in walk(classifiers_blocks(study.run)):
        if isinstance(block, Gallery):
            names += [item.name for item in block.items if isinstance(item, Drawing | Picture)]
    assert len(set(names)) == len(names)
