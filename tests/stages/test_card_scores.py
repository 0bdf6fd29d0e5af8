"""Cards show the scores of the exported classes only, and none that are out of date."""

import json

import pytest

from ganbal.run.folder import Run
from ganbal.runtime.console import Console
from ganbal.stages.card_scores import card_scores

LATER = "2099-01-02T03:04:05+0000"


def scored(value: float) -> list[dict]:
    """The `scores` of scores.json."""
    floor = {"value": 3.25, "low": 1, "high": 5, "n": 20, "splits": 10, "score_at_n": value}
    extractor = {"name": "inception", "dims": 64, "resize": "antialiased 299"}
    entry = {"metric": "fid", "title": "FID", "value": value, "n_real": 41, "n_synthetic": 20, "floor": floor}
    return [{**entry, "better": "lower", "extractor": extractor}]


@pytest.fixture
def run(tmp_path) -> Run:
    """Scores of A and of `<b>|`; the images of C were not scored."""
    run = Run(tmp_path)
    (tmp_path / "config.yaml").write_text("{}")
    (tmp_path / "synthetic").mkdir()
    (tmp_path / "synthetic/manifest.csv").write_text("file_name,label\n")
    content = {"class_name": "A", "scores": scored(12.5), "other_classes": {"<b>|": {"scores": scored(77.5)}}}
    run.scores_file.write_text(json.dumps(content))
    run.mark_stage("synthesize", "x", [tmp_path / "synthetic/manifest.csv"], 1.0)
    run.mark_stage("score", "x", [run.scores_file], 1.0)
    return run


def card(run: Run, *classes: str) -> tuple[str, list[str]]:
    console = Console(quiet=True)
    return card_scores(run, classes, console), console.warnings


def test_the_scores_of_the_exported_class_with_all_that_is_needed_to_read_them(run):
    text, warnings = card(run, "<b>|")
    assert text.startswith("### &lt;b&gt;\\|\n\n| Score") and "12.5" not in text and not warnings
    (row,) = [line for line in text.splitlines() if line.startswith("| FID")]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[1] == "77.5" and cells[3] == "3.25" and cells[5:7] == ["41", "20"]
    assert cells[7] == "inception, 64 dimensions, resize antialiased 299"
    assert "](tables/" not in text


def test_a_class_without_scores_has_a_sentence(run):
    text, _ = card(run, "C")
    assert text == "### C\n\nThe synthetic images of this class were not scored."
    both, _ = card(run, "A", "C")
    assert "12.5" in both and "77.5" not in both and both.endswith(text)


def test_scores_that_are_out_of_date_are_left_out(run):
    stages = json.loads(run.provenance_file.read_text())["stages"]
    stages["synthesize"]["finished"] = LATER
    run.update_provenance(stages=stages)
    text, warnings = card(run, "A")
    assert text == "Left out, because they are out of date: synthesize was run again later."
    assert len(warnings) == 1 and run.command("score") in warnings[0]


@pytest.mark.parametrize("content", ['{"scores": [', "[]", "", "7", '"text"'])
def test_a_damaged_file_of_scores_is_a_warning(run, content):
    run.scores_file.write_text(content)
    text, warnings = card(run, "A")
    assert text.startswith("Left out") and "12.5" not in text
    assert len(warnings) == 1


def test_a_run_without_scores(run):
    run.scores_file.unlink()
    assert card(run, "A") == ("Not scored yet.", [])
