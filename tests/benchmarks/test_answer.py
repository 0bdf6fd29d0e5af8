"""What benchmarks/answer.py chooses and how it compares; the tiny run of benchmarks/gpu.py carries it out."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ganbal.study.cell import VALIDATION_FILE, Cell
from ganbal.study.cells import write_probabilities

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))


def test_differences_are_paired_by_seed_by_hand() -> None:
    from answer_parts.table import difference

    # Differences 0.02, 0.04 and 0.06: mean 0.04, standard error 0.02 / √3; t for 2 degrees of freedom is 4.3027.
    mean, half = difference({0: 0.92, 1: 0.94, 2: 0.96, 7: 0.1}, {2: 0.9, 1: 0.9, 0: 0.9})
    assert mean == pytest.approx(0.04)
    assert half == pytest.approx(4.3027 * 0.02 / math.sqrt(3), rel=1e-4)
    assert difference({0: 0.9}, {0: 0.8}) is None


def write_results(folder: Path, rows: list[tuple[str, int, float]]) -> Path:
    (folder / "study").mkdir(parents=True)
    table = pd.DataFrame(rows, columns=["arm", "seed", "roc_auc"])
    table = table.assign(balanced_accuracy=0.5, classifier="cnn_64", minority_fraction=1.0)
    table.to_csv(folder / "study" / "results.csv", index=False)
    return folder


def test_selected_images_are_an_arm_of_their_own_beside_the_others(tmp_path: Path) -> None:
    from answer_parts.table import results_of, table_text

    plain = [("imbalanced", 0, 0.8), ("imbalanced", 1, 0.82), ("gan", 0, 0.9), ("gan", 1, 0.88)]
    selected = [("imbalanced", 0, 0.8), ("gan", 0, 0.95), ("gan", 1, 0.97)]
    found = results_of(
        {
            "plain-cnn_64": write_results(tmp_path / "a", plain),
            "selected-cnn_64": write_results(tmp_path / "b", selected),
            "plain-other": tmp_path / "unfinished",
        }
    )
    assert found["arm"].tolist() == [*(arm for arm, _, _ in plain), "gan, selected", "gan, selected"]
    lines = table_text(found).splitlines()
    # 0.15 and 0.15 above the baseline of the same seeds.
    assert any(line.startswith("| gan, selected | 2 | 0.9600 | +0.1500 ± 0.0000 |") for line in lines)
    assert table_text(results_of({})) == "No study is finished.\n"


def test_the_arm_with_the_highest_validation_area_is_chosen(tmp_path: Path) -> None:
    from answer_parts.choice import best_arm

    labels = np.array([0, 0, 1, 1])
    # Areas of 4 pairs by hand: all in order 1; one of four reversed 0.75.
    scores = {("a", 0): [0.1, 0.2, 0.3, 0.4], ("a", 1): [0.1, 0.3, 0.2, 0.4], ("b", 0): [0.1, 0.2, 0.3, 0.4]}
    scores[("b", 1)] = [0.1, 0.2, 0.8, 0.9]
    cells = [Cell(arm, "cnn_64", seed) for arm, seed in scores]
    for cell, positive in zip(cells, map(np.array, scores.values()), strict=True):
        folder = cell.folder(tmp_path)
        folder.mkdir(parents=True)
        for name in (VALIDATION_FILE, "predictions.csv"):
            write_probabilities(folder / name, ("A", "B"), labels, np.stack([1 - positive, positive], axis=1))
    assert best_arm(tmp_path, cells, ["a", "b", "c"]) == ("b", {"a": 0.875, "b": 1.0})


def test_the_winner_of_a_search_is_read_from_its_table(tmp_path: Path) -> None:
    from answer_parts.choice import winner_of

    columns = ["inception KID x 1000", "inception recall", "inception coverage", "CNN AUC, epoch 1", "diversity"]
    rows = [
        ("(half of the training images)", 0, 0.1, 0.9, 0.9, 0.5, 1.0),
        ("collapsed", 0, 0.2, 0.9, 0.9, 0.5, 0.3),
        ("good", 0, 1.0, 0.2, 0.2, 0.8, 0.9),
        ("good", 1, 1.2, 0.2, 0.2, 0.8, 0.9),
        ("fair", 0, 2.0, 0.1, 0.1, 0.9, 0.9),
    ]
    table = pd.DataFrame(rows, columns=["variant", "seed", *columns]).assign(copies=0.0, failed=None)
    table.loc[5] = ["failed", 0, *[math.nan] * 6, "it collapsed"]
    table.to_csv(tmp_path / "table.csv", index=False)
    assert winner_of(tmp_path) == "good"
    table.iloc[[0, 1, 5]].to_csv(tmp_path / "table.csv", index=False)
    with pytest.raises(ValueError, match="ranks no variant"):
        winner_of(tmp_path)
