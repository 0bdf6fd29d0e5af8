import shutil

import pytest

from ganbal.errors import InputError
from ganbal.prediction.cell_choice import choose_cell, kept_cells
from ganbal.run.folder import Run
from ganbal.study.cell import Cell


def test_left_to_itself_takes_imbalanced_and_the_lowest_seed(trained_run):
    chosen = choose_cell(trained_run)
    assert chosen.cell == Cell("imbalanced", "baseline_cnn", 0)
    assert chosen.reason == "default arm, classifier and seed, not chosen by results"


def test_the_requested_cell_is_used(trained_run):
    assert choose_cell(trained_run, seed=3).cell == Cell("imbalanced", "baseline_cnn", 3)
    chosen = choose_cell(trained_run, arm="duplicated", classifier="baseline_cnn", seed=0)
    assert chosen.cell == Cell("duplicated", "baseline_cnn", 0) and chosen.reason == "as requested"


def test_classifiers_come_in_the_order_of_the_settings(tmp_path):
    run = Run(tmp_path)
    for classifier in ("a_model", "b_model"):
        folder = Cell("imbalanced", classifier, 0).folder(run.study_folder)
        folder.mkdir(parents=True)
        (folder / "model.safetensors").touch()
        (folder / "metrics.json").touch()
    assert choose_cell(run).cell.classifier == "a_model"
    run.config_file.write_text("study:\n  classifiers: [b_model, a_model]\n")
    assert choose_cell(run).cell.classifier == "b_model"


def test_unfinished_cells_do_not_count(trained_run, tmp_path):
    copy = Run(tmp_path / "copy")
    shutil.copytree(trained_run.folder, copy.folder)
    (copy.study_folder / "cells/imbalanced/baseline_cnn/0/metrics.json").unlink()
    assert kept_cells(copy) == [Cell("imbalanced", "baseline_cnn", 3), Cell("duplicated", "baseline_cnn", 0)]


def test_a_cell_that_is_not_there_lists_those_that_are(trained_run):
    with pytest.raises(
        InputError, match=r"with arm gan, seed 0 .*\n  imbalanced baseline_cnn 0\n  imbalanced baseline"
    ):
        choose_cell(trained_run, arm="gan", seed=0)


def test_a_run_without_kept_classifiers(tmp_path):
    with pytest.raises(InputError, match=r"No classifier has been trained in .*`ganbal compare --run \S+` first"):
        choose_cell(Run(tmp_path))
    cell = Run(tmp_path).study_folder / "cells" / "imbalanced" / "pixel_svm" / "0"
    cell.mkdir(parents=True)
    (cell / "metrics.json").write_text("{}")
    with pytest.raises(InputError, match=r"No trained classifier was kept .*--set study.keep_models=true`"):
        choose_cell(Run(tmp_path))


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        (Cell("gan", "a_model", 2, synthetic_ratio=0.25), "gan_ratio_0.25"),
        (Cell("gan", "a_model", 2, minority_fraction=0.1), "fraction_0.1/gan"),
        (Cell("gan+augmented", "a_model", 2, 0.5, 0.1), "fraction_0.1/gan+augmented_ratio_0.5"),
    ],
)
def test_ratios_and_shares_are_part_of_the_arm_s_name(tmp_path, cell, name):
    run = Run(tmp_path)
    cell.folder(run.study_folder).mkdir(parents=True)
    for file in ("model.safetensors", "metrics.json"):
        (cell.folder(run.study_folder) / file).touch()
    chosen = choose_cell(run, arm=name)
    assert (chosen.cell.arm, chosen.cell.seed) == (name, 2)
    assert chosen.folder == cell.folder(run.study_folder)
