"""The published figures, and what may stand beside them."""

import pytest

from ganbal.report.page import Notice, Table
from ganbal.report.run_reader import read_run_folder
from ganbal.report.sections.published import published_section


def test_own_figures_stand_beside_the_published_ones(reported_run):
    section = published_section(read_run_folder(reported_run))
    (table,) = [block for block in section.blocks if isinstance(block, Table)]
    assert [row[1].text for row in table.rows] == ["published", "this run, 5 seeds"] * 4
    assert [entry.text for entry in table.rows[0][2:]] == ["0.90", "0.95", "0.77", "0.88", "0.97"]
    assert "±" in table.rows[1][2].text
    (caution,) = [block.text for block in section.blocks if isinstance(block, Notice)]
    assert "without an interval" in caution and "early stopping" in caution


@pytest.mark.parametrize("others", [{"is_phantom": True}, {"classes": ("benign", "malignant")}])
def test_other_images_have_nothing_beside_them(tmp_path, made_up_run, others):
    folder = made_up_run(**others, classifiers=("vgg16",), seeds=2, num_test=20).write(tmp_path / "run")
    assert published_section(read_run_folder(folder)) is None
