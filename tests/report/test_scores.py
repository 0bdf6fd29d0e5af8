import pytest

from ganbal.report.page import Paragraph
from ganbal.report.run_reader import read_run_folder
from ganbal.report.sections.scores import scores_blocks


@pytest.mark.parametrize(
    ("copies", "text"),
    [
        (
            {"number": 0, "rule_from": "training", "originals": 3827, "duplicates_left_out": 48},
            "No synthetic image counted as a copy of a training image, by thresholds set on 3,827 training images, "
            "without 48 duplicates of training images.",
        ),
        (
            {"number": 2, "rule_from": "held-out", "originals": 60, "duplicates_left_out": 0},
            "2 synthetic images counted as a copy of a training image, by thresholds set on 60 held-out images.",
        ),
        (
            {"number": 1, "rule_from": "held-out"},
            "1 synthetic image counted as a copy of a training image, by thresholds set on held-out images.",
        ),
        ({"number": 1}, "1 synthetic image counted as a copy of a training image."),
    ],
)
def test_the_origin_of_the_copy_thresholds(run, edit, copies, text):
    edit(run / "scores.json", lambda scores: scores.update(copies=copies))
    blocks = scores_blocks(read_run_folder(run))
    assert text in [block.text for block in blocks if isinstance(block, Paragraph)]


def test_nothing_about_copies_without_thresholds(run, edit):
    edit(run / "scores.json", lambda scores: scores.update(copies=None))
    blocks = scores_blocks(read_run_folder(run))
    assert not [block for block in blocks if isinstance(block, Paragraph) and "counted as a copy" in block.text]
