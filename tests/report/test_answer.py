"""The first screen claims no more than the study found."""

import pytest

import ganbal.study.verdict
from ganbal.report.build import page_of
from ganbal.report.cards import MODEL_CARD, cards_of
from ganbal.report.page import Code
from ganbal.report.run_reader import read_run_folder
from ganbal.report.sections.answer import HEADLINES, answer_of, headline_of
from ganbal.report.sections.warnings import warning_notices
from ganbal.report.study_view import StudyView, study_view


@pytest.fixture(scope="module")
def study(finished_run) -> StudyView:
    return study_view(read_run_folder(finished_run))


@pytest.mark.parametrize(
    ("kind", "headline", "tone"),
    [
        ("helps", "GAN images helped.", "good"),
        ("helps-like-alternatives", "GAN images helped, but not provably more than cheap alternatives.", "caution"),
        ("helps-less-than-alternatives", "GAN images helped, but less than a cheap alternative.", "caution"),
        ("hurts", "GAN images hurt.", "bad"),
        ("no-difference", "No evidence that GAN images help.", "plain"),
        ("not-learned", "Cannot tell: the classifiers did not learn.", "caution"),
        (None, "Cannot tell: the study's verdict is not readable.", "caution"),
    ],
)
def test_headline_follows_the_verdict(study, kind, headline, tone):
    verdict = study.summary["verdict"] | {"kind": kind}
    assert headline_of(StudyView(study.run, study.summary | {"verdict": verdict})) == (headline, tone)


def test_every_verdict_of_the_study_has_a_headline():
    table = ganbal.study.verdict.__doc__ or ""
    kinds = {line.split("`")[1] for line in table.splitlines() if line.startswith("| `")}
    assert kinds and kinds == set(HEADLINES)


def with_effect(summary) -> None:
    """A study in which GAN images cost half of the NORMAL images found, and class weights help."""
    for row in summary["per_arm"]:
        if row["classifier"] == "cnn_64" and row["metric"] in ("recall_NORMAL", "balanced_accuracy"):
            row["mean"] = {"gan": 0.28, "imbalanced": 0.449}.get(row["arm"], row["mean"])
    for row in summary["differences"]:
        if (row["classifier"], row["arm"]) == ("cnn_64", "gan") and row["metric"] == "balanced_accuracy":
            row.update(mean=-0.169, low=-0.25, high=-0.08, n=5, verdict="hurts", smallest_detectable=0.102)
    finding = {"classifier": "cnn_64", "arm": "class-weights", "metric": "recall_NORMAL", "mean": 0.267}
    finding |= {"synthetic_ratio": None, "minority_fraction": 1, "low": 0.2, "high": 0.3, "verdict": "helps"}
    summary["verdict"].update(kind="hurts", findings=[finding, finding | {"metric": "balanced_accuracy"}])
    for answer in summary["verdict"]["answers"]:
        answer["main"] = "hurts"
    summary["warnings"] = []


def test_effect_before_and_after_limits_and_next_step(small_run, edit):
    edit(small_run / "study" / "summary.json", with_effect)
    answer = answer_of(read_run_folder(small_run))
    findings = dict(answer.findings)
    assert answer.headline == "GAN images hurt."
    assert (
        "Balanced accuracy 0.449 → 0.280: −16.9 points (95 % interval −25.0 to −8.0, 5 seeds), hurts."
        in (findings["64-px CNN"])
    )
    assert "Finds 45 → 28 of 100 NORMAL" in findings["64-px CNN"]
    assert findings["Without synthetic images"] == (
        "class-weights: Recall NORMAL +26.7 points (helps) and Balanced accuracy +26.7 points (helps)."
    )
    assert "below 10.2 points" in findings["What the study could not see"]
    assert "not another generator or another hospital" in findings["What the study could not see"]
    assert findings["Next step"].startswith("Do not add these images. Use class-weights instead")
    cards = {card.term: card for card in answer.cards}
    assert cards["NORMAL found"].value == "45 → 28 of 100"
    assert cards["Balanced accuracy"].tone == "bad"


@pytest.mark.parametrize(("kind", "verdict"), [("too-few-seeds", "too few seeds"), ("not-learned", "helps")])
def test_nothing_is_said_of_cheap_arms_where_the_study_cannot_tell(small_run, edit, kind, verdict):
    def without_findings(summary):
        summary["verdict"].update(kind=kind, findings=[])
        for row in summary["differences"]:
            row["verdict"] = verdict

    edit(small_run / "study" / "summary.json", without_findings)
    assert "Without synthetic images" not in dict(answer_of(read_run_folder(small_run)).findings)


def test_findings_under_other_conditions_are_no_part_of_the_answer(small_run, edit):
    def also_at_a_tenth(summary):
        with_effect(summary)
        found = summary["verdict"]["findings"]
        summary["verdict"]["findings"] = [found[1] | {"minority_fraction": 0.1, "mean": 0.333}, *found[:1]]

    edit(small_run / "study" / "summary.json", also_at_a_tenth)
    findings = dict(answer_of(read_run_folder(small_run)).findings)
    assert findings["Without synthetic images"] == "class-weights: Recall NORMAL +26.7 points (helps)."
    assert "Use class-weights" not in findings["Next step"]


def test_a_classifier_that_did_not_learn_is_said_to_be_one(small_run, edit):
    def one_at_chance(summary):
        with_effect(summary)
        for answer in summary["verdict"]["answers"]:
            if answer["classifier"] == "cnn_64":
                answer["main"] = "did not learn"

    edit(small_run / "study" / "summary.json", one_at_chance)
    assert "did not learn" in dict(answer_of(read_run_folder(small_run)).findings)["64-px CNN"]


def with_other_uses(summary) -> None:
    """A study of one classifier in which `gan` changes nothing, `gan-both` helps and `gan-weighted` changes nothing."""
    model = summary["classifiers"][0]["name"]
    summary["classifiers"] = summary["classifiers"][:1]
    summary["arms"] += ["gan-both", "gan-weighted"]
    summary["verdict"].update(kind="no-difference", findings=[])
    usual = {"synthetic_ratio": None, "minority_fraction": 1}
    summary["usual_conditions"] |= dict.fromkeys(("gan-both", "gan-weighted"), usual)
    like = next(row for row in summary["differences"] if row["metric"] == "balanced_accuracy")
    summary["differences"] += [
        like | usual | {"classifier": model, "arm": arm, "baseline": baseline, "mean": mean, "verdict": verdict}
        for arm, baseline, mean, verdict in (
            ("gan-both", "imbalanced", 0.045, "helps"),
            ("gan-both", "duplicated", 0.011, "no difference found"),
            ("gan-both", "class-weights", 0.014, "no difference found"),
            ("gan-weighted", "imbalanced", 0.002, "no difference found"),
        )
    ]


def test_other_uses_of_the_images_are_part_of_the_answer(small_run, edit):
    edit(small_run / "study" / "summary.json", with_other_uses)
    answer = answer_of(read_run_folder(small_run))
    assert answer.headline == "No evidence that GAN images help."
    assert dict(answer.findings)["Used in other ways"] == (
        "Balanced accuracy: gan-both +4.5 points (helps), against duplicated +1.1 (no difference found), "
        "against class-weights +1.4 (no difference found)."
    )


@pytest.mark.parametrize(
    ("kind", "copies", "weights", "text"),
    [
        ("helps-less-than-alternatives", "no difference found", "hurts", "Use class weights instead: they"),
        ("helps-less-than-alternatives", "hurts", "hurts", "Use plain copies or class weights instead: they"),
        ("helps-like-alternatives", "helps", "no difference found", "Use class weights, which are simpler, or"),
        ("helps-like-alternatives", "hurts", "too few seeds", "Use plain copies or class weights, which are"),
    ],
)
def test_the_next_step_names_what_gan_images_did_not_beat(small_run, edit, kind, copies, weights, text):
    def helpful(summary):
        with_other_uses(summary)
        against = {"duplicated": copies, "class-weights": weights}
        answers = [answer | {"against": against} for answer in summary["verdict"]["answers"]]
        summary["verdict"].update(kind=kind, answers=answers)
        summary["warnings"] = []

    edit(small_run / "study" / "summary.json", helpful)
    assert dict(answer_of(read_run_folder(small_run)).findings)["Next step"].startswith(text)


@pytest.mark.parametrize(
    ("verdict", "kind", "text"),
    [
        ("no difference found", "no-difference", "No difference found with gan-both and gan-weighted."),
        ("too few seeds", "too-few-seeds", None),
        ("no difference found", "not-learned", None),
    ],
)
def test_other_uses_without_effect_are_named_if_the_study_can_tell(small_run, edit, verdict, kind, text):
    def without_effect(summary):
        with_other_uses(summary)
        summary["verdict"]["kind"] = kind
        for row in summary["differences"]:
            row["verdict"] = verdict

    edit(small_run / "study" / "summary.json", without_effect)
    answer = answer_of(read_run_folder(small_run))
    assert dict(answer.findings).get("Used in other ways") == text


def test_severe_warnings_reach_the_first_screen_and_mild_ones_do_not(small_run, edit):
    records = [
        {"kind": "few-test-patients", "values": {"class_name": "NORMAL", "patients": 4, "needed": 30}},
        {"kind": "few-seeds", "values": {"seeds": 2, "needed": 5}},
    ]
    edit(small_run / "study" / "summary.json", lambda summary: summary.update(warnings=records))
    answer = answer_of(read_run_folder(small_run))
    assert "Few seeds" in {notice.kind for notice in answer.warnings}
    assert "Few patients" not in {notice.kind for notice in answer.warnings}


def test_synthetic_images_are_counted_by_class(small_run):
    manifest = small_run / "synthetic" / "manifest.csv"
    lines = manifest.read_text().splitlines(keepends=True)
    changed = [line.replace(",NORMAL,", ",OTHER,") for line in lines[1:6]]
    manifest.write_text("".join([lines[0], *changed, *lines[6:]]))
    cards = {card.term: card.value for card in answer_of(read_run_folder(small_run)).cards}
    assert cards["Synthetic images"] == f"5 OTHER · {len(lines) - 6} NORMAL"


def test_plots_against_the_baseline_and_against_copies(finished_run):
    answer = answer_of(read_run_folder(finished_run))
    names = ["forest-cnn_64", "forest-pixel_svm"]
    assert [drawing.name for drawing in answer.forest] == [*names, *(f"{name}-against-duplicated" for name in names)]
    assert "differences to duplicated in points. Balanced accuracy: gan" in answer.forest[2].alt
    assert [picture.label for picture in answer.samples] == ["Phantom (the set itself)", "Synthetic"]


def test_before_the_study_the_command_is_given(run):
    (run / "study" / "summary.json").unlink()
    answer = answer_of(read_run_folder(run))
    assert answer.headline == "Not known yet."
    assert answer.missing.command == "ganbal compare --run outputs/tiny"
    (run / "synthetic" / "manifest.csv").unlink()
    assert answer_of(read_run_folder(run)).missing.command == "ganbal run --run outputs/tiny"


def test_an_answer_for_a_fraction_shows_nothing_of_the_whole_class_s_generator(small_run, edit):
    def at_a_tenth(summary):
        with_effect(summary)
        summary["verdict"]["answers"] = [
            answer | {"minority_fraction": 0.1} for answer in summary["verdict"]["answers"]
        ]

    whole = answer_of(read_run_folder(small_run))
    edit(small_run / "study" / "summary.json", at_a_tenth)
    tenth = answer_of(read_run_folder(small_run))
    only_whole = {"Synthetic images", "Synthetic or real?"}
    assert only_whole <= {card.term for card in whole.cards} and not only_whole & {card.term for card in tenth.cards}
    run = read_run_folder(small_run)
    assert "Fraction" in {notice.kind for notice in warning_notices(run)}
    card = cards_of(run, page_of(run))[MODEL_CARD]
    assert "Not measured: the study of this run used 10 % of the minority class" in card
    assert tenth.headline not in card
    notes = {card.term: card.note for card in tenth.cards}
    assert notes["Real training images"] == "the answer is for 10 % of NORMAL"
    assert len(tenth.samples) == len(whole.samples) - 1 == 1


def test_several_arms_that_helped_are_advised_in_the_plural(small_run, edit):
    def with_two_helpers(summary):
        with_effect(summary)
        helper = summary["verdict"]["findings"][1]
        summary["verdict"]["findings"] += [helper | {"arm": "duplicated"}]

    edit(small_run / "study" / "summary.json", with_two_helpers)
    step = dict(answer_of(read_run_folder(small_run)).findings)["Next step"]
    assert "Use one of class-weights and duplicated instead: each helped here and needs no synthetic images." in step


@pytest.mark.parametrize("same", [True, False])
def test_an_imported_generator_is_described_as_one(small_run, edit, same):
    imported = {"same_training_images": same}
    edit(small_run / "gan" / "training.json", lambda record: record.update(imported=imported, augment=None))
    run = read_run_folder(small_run)
    text = _methods_text(run)
    assert f"that had been trained elsewhere on {'the same' if same else 'other'} training images was imported" in text
    assert "was trained on the training images of" not in text
    severe = {notice.kind for notice in answer_of(run).warnings}
    assert ("Imported generator" in severe) is not same


def _methods_text(run):
    section = next(section for section in page_of(run).sections if section.anchor == "methods")
    return next(block.text for block in section.blocks if isinstance(block, Code) and block.prose)
