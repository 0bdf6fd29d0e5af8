"""The published figures, and what may stand beside them."""

import pytest

from ganbal.report.documents import NUM_TEST, PUBLISHED
from ganbal.report.page import Notice, Paragraph, Table
from ganbal.report.run_reader import read_run_folder
from ganbal.report.sections.published import published_section


def section_of(folder):
    section = published_section(read_run_folder(folder))
    (table,) = [block for block in section.blocks if isinstance(block, Table)]
    return section, table


def test_accuracies_agree_with_the_published_recalls():
    # With 234 NORMAL and 390 PNEUMONIA images, both recalls give the accuracy to within their rounding. The document's
    # 88 % and 89 % of the balanced sets agree as well.
    for published in PUBLISHED:
        correct = 234 * published.recall["NORMAL"] + 390 * published.recall["PNEUMONIA"]
        assert correct / NUM_TEST == pytest.approx(published.accuracy, abs=0.0101)


def test_own_figures_stand_beside_the_published_ones(reported_run):
    section, table = section_of(reported_run)
    assert [row[1].text for row in table.rows] == ["published", "this run, 5 seeds"] * 4
    assert [entry.text for entry in table.rows[0][2:]] == ["0.90", "0.95", "0.77", "0.88", "0.97"]
    assert "±" in table.rows[1][2].text
    (caution,) = [block.text for block in section.blocks if isinstance(block, Notice)]
    assert "without an interval" in caution and "early stopping" in caution


def test_phantom_figures_do_not(tmp_path, made_up_run):
    folder = made_up_run(is_phantom=True, classifiers=("vgg16",), seeds=2, num_test=20).write(tmp_path / "run")
    section, table = section_of(folder)
    assert {row[1].text for row in table.rows} == {"published"}
    assert any("drawn images" in block.text for block in section.blocks if isinstance(block, Paragraph))


def test_other_classes_have_nothing_beside_them(tmp_path, made_up_run):
    folder = made_up_run(classes=("benign", "malignant"), parts=("config", "data")).write(tmp_path / "run")
    assert published_section(read_run_folder(folder)) is None
