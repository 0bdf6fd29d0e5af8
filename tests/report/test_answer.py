"""The short answer must never say more than the study found."""

import dataclasses

import pytest

from ganbal.report.run_reader import read_run_folder
from ganbal.report.sections.answer import answer_of, headline_of
from ganbal.report.study_view import StudyView, study_view

HELPS, HURTS, NOTHING, FEW = "helps", "hurts", "no difference found", "too few seeds"


@pytest.fixture(scope="module")
def study(reported_run):
    return study_view(read_run_folder(reported_run))


def with_verdicts(study: StudyView, against_baseline: list[str], against_copies: list[str] | None) -> StudyView:
    """The study as if its GAN arm had these verdicts on the main metric, one a classifier."""
    verdicts = {"imbalanced": against_baseline, "duplicated": against_copies or []}
    rows = []
    for row in study.summary["differences"]:
        names = [classifier["name"] for classifier in study.classifiers]
        if row["baseline"] == "duplicated" and against_copies is None:
            continue
        if row["arm"] == "gan" and row["metric"] == "balanced_accuracy":
            row = row | {"verdict": verdicts[row["baseline"]][names.index(row["classifier"])]}
        rows.append(row)
    return dataclasses.replace(study, summary=study.summary | {"differences": rows})


@pytest.mark.parametrize(
    ("against_baseline", "against_copies", "headline", "tone"),
    [
        ([HELPS, HELPS], [HELPS, HELPS], "Yes: they helped", "good"),
        ([HELPS, HELPS], None, "Yes: they helped", "good"),
        ([HELPS, HELPS], [HELPS, NOTHING], "They helped, but not provably more than plain copies", "caution"),
        ([HURTS, HURTS], [NOTHING, NOTHING], "No: they did harm", "bad"),
        ([NOTHING, NOTHING], [HELPS, HELPS], "No difference found", "plain"),
        ([HURTS, NOTHING], None, "No: no gain found, and some harm", "bad"),
        ([HELPS, HURTS], None, "It depends on the classifier", "caution"),
        ([HELPS, NOTHING], None, "It depends on the classifier", "caution"),
        ([HELPS, FEW], None, "Too few seeds to tell", "caution"),
    ],
)
def test_headline_follows_the_verdicts(study, against_baseline, against_copies, headline, tone):
    assert headline_of(with_verdicts(study, against_baseline, against_copies)) == (headline, tone)


@pytest.mark.parametrize(
    ("on_main_metric", "headline", "tone"),
    [
        (NOTHING, "No: no gain found, and some harm", "bad"),
        (HURTS, "No: they did harm", "bad"),
        (HELPS, "They helped by one measure and did harm by another", "caution"),
    ],
)
def test_harm_to_the_ranking_is_in_the_headline(study, on_main_metric, headline, tone):
    with_main = with_verdicts(study, [on_main_metric] * 2, [on_main_metric] * 2)
    rows = [
        row | {"verdict": HURTS}
        if (row["arm"], row["metric"], row["baseline"]) == ("gan", "roc_auc", "imbalanced")
        else row
        for row in with_main.summary["differences"]
    ]
    assert rows != with_main.summary["differences"]
    harmed = dataclasses.replace(with_main, summary=with_main.summary | {"differences": rows})
    assert headline_of(harmed) == (headline, tone)


def test_without_a_gan_arm_there_is_no_answer(study):
    rows = [row for row in study.summary["differences"] if row["arm"] != "gan"]
    without = dataclasses.replace(study, summary=study.summary | {"differences": rows})
    assert headline_of(without) == ("The study has no GAN arm", "caution")


def test_the_sentence_is_the_studys_own(reported_run):
    run = read_run_folder(reported_run)
    answer = answer_of(run)
    assert answer.sentence == run.summary["verdict_sentence"]
    names = ["forest-baseline_cnn", "forest-vgg16"]
    assert [drawing.name for drawing in answer.forest] == [*names, *(f"{name}-against-duplicated" for name in names)]
    assert "differences to duplicated in points. Balanced accuracy: gan" in answer.forest[2].alt
    assert [picture.label for picture in answer.samples] == ["Real", "Synthetic"]


def test_remarks_tell_of_copies_and_cheap_remedies(study):
    rows = [
        row
        | {
            "verdict": HELPS if row["arm"] == "class-weights" or row["classifier"] == "vgg16" else NOTHING,
            "mean": -0.018,
            "low": -0.03,
            "high": 0.002,
        }
        for row in study.summary["differences"]
    ]
    run = dataclasses.replace(study.run, summary=study.summary | {"differences": rows})
    assert answer_of(run).remarks == [
        "Measured against plain copies of real images: Baseline CNN −1.8 points (−3.0 to +0.2), no difference found; "
        "VGG16 transfer −1.8 points (−3.0 to +0.2), helps.",
        "Without any synthetic image, this helped: class-weights and duplicated (VGG16 transfer).",
    ]


def test_what_the_sentence_says_of_copies_is_not_said_again(study):
    said = study.summary | {"verdict_sentence": "No difference found; against as many plain copies: none either."}
    run = dataclasses.replace(study.run, summary=said)
    assert not any("plain copies" in remark for remark in answer_of(run).remarks)


def test_many_arms_leave_the_first_screen_short(tmp_path, made_up_run):
    arms = dict.fromkeys(["imbalanced", "gan", *(f"arm-{number}" for number in range(8))], 0.0)
    folder = made_up_run(arms=arms, classifiers=("vgg16",), seeds=2, num_test=20).write(tmp_path / "run")
    alt = answer_of(read_run_folder(folder)).forest[0].alt
    assert "Balanced accuracy" in alt and "Accuracy" in alt
    assert "ROC-AUC" not in alt


def test_before_the_study_the_command_is_told(tmp_path, made_up_run):
    drawn = made_up_run(parts=("config", "data", "gan", "synthetic")).write(tmp_path / "outputs" / "drawn")
    answer = answer_of(read_run_folder(drawn))
    assert answer.headline == "Not known yet"
    assert answer.missing.command == "ganbal compare --run outputs/drawn"
    trained = made_up_run(parts=("config", "data", "gan")).write(tmp_path / "outputs" / "trained")
    assert answer_of(read_run_folder(trained)).missing.command == "ganbal run --run outputs/trained"
