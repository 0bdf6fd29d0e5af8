"""Studies with ratios and fractions of the minority class: what is shown of them, and where."""

import csv
import json

import pytest

from ganbal.report import build_report
from ganbal.report.conditions import Condition, condition_of, in_words, usual_conditions
from ganbal.report.page import Fold, Gallery, Table
from ganbal.report.run_reader import read_run_folder
from ganbal.report.sections.classifiers import classifiers_section
from ganbal.report.sections.condition_curves import condition_galleries
from ganbal.report.study_view import study_view


@pytest.fixture(scope="module")
def study(run_with_conditions):
    return study_view(read_run_folder(run_with_conditions))


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
def test_conditions_of_rows_old_and_new(row, expected):
    assert condition_of(row) == expected


def test_the_usual_condition_is_the_whole_class_and_the_ratio_nearest_to_what_is_missing():
    places = [(0.25, 0.5), (1.5, 0.5), (0.25, 0.8), (1.5, 0.8), (3.0, 0.8)]
    rows = [{"arm": "gan", "synthetic_ratio": ratio, "minority_fraction": fraction} for ratio, fraction in places]
    rows += [{"arm": "imbalanced", "synthetic_ratio": None, "minority_fraction": fraction} for fraction in (0.5, 0.8)]
    assert usual_conditions(rows) == {"gan": Condition(1.5, 0.8), "imbalanced": Condition(None, 0.8)}


def test_conditions_in_words():
    assert in_words(Condition()) == ""
    assert in_words(Condition(0.25, 0.1)) == "ratio 0.25, 10 % of the minority class"


def test_cells_say_their_condition_by_their_folder(study):
    found = {(cell.arm, *cell.condition) for cell in study.run.cells}
    assert ("gan", 0.25, 1.0) in found and ("duplicated", 1.0, 0.1) in found
    assert ("imbalanced", None, 0.5) in found and ("class-weights", None, 1.0) in found
    assert len(study.run.cells) == 2 * 3 * (2 + 2 * 5 + 2)  # classifiers × seeds × arms at their conditions


def test_an_arm_called_like_a_ratio_stays_an_arm(tmp_path, made_up_run):
    arms = {"imbalanced": 0.0, "gan_ratio_high": 0.0}
    folder = made_up_run(arms=arms, classifiers=("vgg16",), seeds=1, num_test=20).write(tmp_path / "run")
    assert {cell.arm for cell in read_run_folder(folder).cells} == set(arms)


def test_an_arm_stands_for_its_usual_condition(study):
    assert [cell.condition for cell in study.cells("vgg16", "gan")] == [Condition(1.0, 1.0)] * 3
    rows = study.differences("vgg16")
    assert {(row["arm"], row["synthetic_ratio"], row["minority_fraction"]) for row in rows} == {
        ("gan", 1.0, 1.0),
        ("duplicated", 1.0, 1.0),
        ("class-weights", None, 1.0),
    }
    wanted = [
        row["mean"]
        for row in study.summary["per_arm"]
        if (row["arm"], row["classifier"], row["metric"], row["synthetic_ratio"], row["minority_fraction"])
        == ("gan", "vgg16", "mcc", 1.0, 1.0)
    ]
    assert [study.mean("gan", "vgg16", "mcc")[0]] == wanted
    assert study.results_mean("gan", "vgg16", "num_train") == 4434


def test_curves_over_ratios_and_fractions(study):
    ratios, fractions = condition_galleries(study)
    assert [item.name for item in ratios.items] == ["ratio-baseline_cnn", "ratio-vgg16"]
    assert [item.name for item in fractions.items] == ["fraction-baseline_cnn", "fraction-vgg16"]
    rows = [row for row in study.all_differences("vgg16") if row["arm"] == "gan"]
    rows = [row for row in rows if row["metric"] == "balanced_accuracy" and row["minority_fraction"] == 1]
    told = ratios.items[1].alt
    assert told.index("gan: at 0.25") < told.index("duplicated: at 0.25")
    for row in rows:
        assert f"at {row['synthetic_ratio']:g} {100 * row['mean']:+.1f}".replace("-", "−") in told
    assert "gan: at 0.1 " in fractions.items[1].alt and "at 0.25" not in fractions.items[1].alt


def test_no_curve_over_a_single_place(tmp_path, made_up_run):
    folder = made_up_run(classifiers=("vgg16",), seeds=2, num_test=20).write(tmp_path / "run")
    assert condition_galleries(study_view(read_run_folder(folder))) == []


def test_differences_have_condition_and_tests(run_with_conditions):
    rows = table_file(run_with_conditions, "differences-all-vgg16-imbalanced")
    assert list(rows[0]) == [
        "Arm",
        "Ratio",
        "Share of the minority class",
        "Measure",
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
    assert {row["Ratio"] for row in rows} == {"0.25", "1.0", "2.0", "–"}
    summary = json.loads((run_with_conditions / "study" / "summary.json").read_text())
    wanted = {row["p_holm"] for row in summary["differences"] if row["baseline"] == "imbalanced"}
    assert {float(row["p (Holm)"]) for row in rows} <= wanted
    assert {"Brier score (less is better)", "MCC", "MCC at the chosen threshold"} <= {row["Measure"] for row in rows}


def test_the_open_table_of_differences_stays_short(run_with_conditions):
    rows = table_file(run_with_conditions, "differences-vgg16-imbalanced")
    assert {row["Ratio"] for row in rows} == {"1.0", "–"} and "Share of the minority class" not in rows[0]
    assert not any("chosen threshold" in row["Measure"] for row in rows)


def test_a_study_without_tests_has_no_columns_for_them(reported_run):
    names = list(table_file(reported_run, "differences-vgg16-imbalanced")[0])
    intervals = ["Interval low", "Interval high"]
    assert names == ["Arm", "Measure", "Difference", *intervals, "Verdict", "Smallest detectable", "Seeds"]


def test_pairs_of_arms(run_with_conditions):
    row = table_file(run_with_conditions, "pairs")[0]
    assert (row["Only baseline right"], row["Only arm right"], row["McNemar p (Holm)"]) == ("12", "31", "0.0244")
    assert (row["ROC-AUC difference"], row["Interval low"], row["Interval high"]) == ("0.02", "-0.01", "0.05")
    assert row["DeLong p"] == "0.19"


def test_more_than_two_classes_have_no_delong(tmp_path, run_with_conditions):
    summary = json.loads((run_with_conditions / "study" / "summary.json").read_text())
    (tmp_path / "study").mkdir()
    (tmp_path / "config.yaml").touch()
    pairs = [pair | {"delong": None} for pair in summary["pairs"]]
    (tmp_path / "study" / "summary.json").write_text(json.dumps(summary | {"pairs": pairs}))
    build_report(tmp_path)
    assert table_file(tmp_path, "pairs")[0]["DeLong p"] == "–"


def test_both_thresholds_stand_side_by_side_with_the_reason(run_with_conditions, study):
    row = table_file(run_with_conditions, "thresholds-vgg16")[0]
    assert list(row) == [
        "Arm",
        "Accuracy at 0.5",
        "Accuracy at chosen",
        "MCC at 0.5",
        "MCC at chosen",
        "Chosen threshold",
    ]
    assert float(row["Chosen threshold"]) == pytest.approx(0.7)
    fold = next(
        block
        for block in classifiers_section(study.run).blocks
        if isinstance(block, Fold) and "threshold" in block.title
    )
    assert "not a better classifier" in fold.blocks[0].text


def test_arms_that_do_not_go_with_a_classifier_have_no_row(tmp_path, made_up_run):
    folder = made_up_run(seeds=2, num_test=20).write(tmp_path / "run")
    file = folder / "study" / "summary.json"
    summary = json.loads(file.read_text())
    for rows in (summary["per_arm"], summary["differences"]):
        rows[:] = [row for row in rows if (row["arm"], row["classifier"]) != ("duplicated", "vgg16")]
    file.write_text(json.dumps(summary))
    results = folder / "study" / "results.csv"
    lines = results.read_text().splitlines(keepends=True)
    results.write_text("".join(line for line in lines if not line.startswith("duplicated,vgg16,")))
    build_report(folder)
    assert [row["Arm"] for row in table_file(folder, "means-vgg16")] == ["imbalanced", "class-weights", "gan"]


def test_galleries_and_tables_have_names_of_their_own(study):
    blocks = classifiers_section(study.run).blocks
    names = [item.name for block in blocks if isinstance(block, Gallery) for item in block.items]
    names += [block.name for block in blocks if isinstance(block, Table)]
    assert len(set(names)) == len(names)
