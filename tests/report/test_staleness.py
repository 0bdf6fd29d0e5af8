"""Results that were made before something they depend on are marked, in their section and on the first screen."""

import pytest

from ganbal.report import build_report
from ganbal.report.run_reader import read_run_folder
from ganbal.report.sections.scores import scores_blocks
from ganbal.report.staleness import stale_stages
from ganbal.runtime.hashing import file_digest

LATER = "2099-01-02T03:04:05+0000"


def finished(*stages):
    return lambda provenance: [provenance["stages"][name].update(finished=LATER) for name in stages]


@pytest.mark.parametrize(
    ("later", "stale"),
    [
        ((), set()),
        (("synthesize",), {"score", "compare"}),
        (("synthesize", "score"), {"compare"}),
        (("synthesize", "score", "compare"), set()),
        (("train-gan",), {"synthesize", "score", "compare"}),
    ],
)
def test_what_depends_on_a_later_stage_is_stale(run, edit, later, stale):
    edit(run / "provenance.json", finished(*later))
    assert set(stale_stages(read_run_folder(run))) == stale


def test_a_study_without_synthetic_images_does_not_depend_on_them(run, edit):
    results = run / "study" / "results.csv"
    header, *lines = results.read_text().splitlines()
    place = header.split(",").index("num_train_synthetic")
    rows = [line.split(",") for line in lines]
    rows = [[*row[:place], "0", *row[place + 1 :]] for row in rows]
    results.write_text("\n".join([header, *map(",".join, rows)]))

    def later_and_as_it_is(provenance) -> None:
        finished("synthesize")(provenance)
        provenance["stages"]["compare"]["outputs"]["study/results.csv"] = file_digest(results)

    edit(run / "provenance.json", later_and_as_it_is)
    assert set(stale_stages(read_run_folder(run))) == {"score"}


@pytest.mark.parametrize(
    ("name", "stale"),
    [
        ("study/results.csv", {"compare"}),
        ("scores.json", {"score"}),
        ("synthetic/manifest.csv", {"synthesize", "score", "compare"}),
        ("study/cells/gan/cnn_64/0/predictions.csv", {"compare"}),
    ],
)
def test_files_that_were_changed_since_their_stage_are_named(run, name, stale):
    with (run / name).open("a") as file:
        file.write("\n")
    found = stale_stages(read_run_folder(run))
    assert set(found) == stale
    assert all(reason.startswith(f"{name} is not as") for reason in found.values())


def test_a_synthetic_image_that_is_gone_is_noticed(run):
    next((run / "synthetic").glob("*/*.png")).unlink()
    assert set(stale_stages(read_run_folder(run))) == {"synthesize", "score", "compare"}


def test_results_of_a_stage_that_was_begun_again(run, edit):
    edit(run / "provenance.json", lambda provenance: provenance["stages"].pop("score"))
    assert stale_stages(read_run_folder(run)) == {"score": "score was begun again and not finished"}


def test_the_report_marks_them(small_run, edit):
    edit(small_run / "provenance.json", finished("synthesize"))
    run = read_run_folder(small_run)
    assert scores_blocks(run)[0].text.startswith("The scores may be out of date: synthesize was run again later.")
    html = build_report(small_run).html.read_text(encoding="utf-8")
    answer = html[html.index('id="answer"') : html.index('id="warnings"')]
    assert "The study may be out of date" in answer
    classifiers = html[html.index('<section id="classifiers"') :]
    assert "The study may be out of date" in classifiers[:1500]


@pytest.mark.parametrize("odd", [None, "yesterday", 7, "9999-99-99"])
def test_odd_times_mark_nothing(run, edit, odd):
    edit(run / "provenance.json", lambda provenance: provenance["stages"]["synthesize"].update(finished=odd))
    assert stale_stages(read_run_folder(run)) == {}
