import pytest

from ganbal.study import verdict as verdicts
from ganbal.study.verdict import study_verdict, verdict_of

MODELS = [{"name": "cnn", "title": "Baseline CNN"}, {"name": "svm", "title": "RBF SVM"}]


def verdict_sentence(rows):
    found = study_verdict(rows, MODELS, learned={"cnn", "svm"}, num_classes=2)
    return verdicts.verdict_sentence(found, rows, MODELS)


def kind_of(*rows):
    return study_verdict(rows, MODELS, learned={"cnn", "svm"}, num_classes=2)["kind"]


def row(mean=0.02, low=0.01, high=0.03, verdict="helps", **others):
    usual = {
        "arm": "gan",
        "metric": "balanced_accuracy",
        "classifier": "cnn",
        "baseline": "imbalanced",
        "synthetic_ratio": None,
        "minority_fraction": 1.0,
        "n": 5,
        "family_size": 9,
        "smallest_detectable": 0.025,
        "is_informative": True,
    }
    return usual | {"mean": mean, "low": low, "high": high, "verdict": verdict} | others


NOTHING = {"mean": 0.001, "low": -0.01, "high": 0.012, "verdict": "no difference found"}


@pytest.mark.parametrize(
    ("mean", "p_holm", "lower_is_better", "expected"),
    [
        (0.02, 0.05, False, "helps"),
        (-0.02, 0.01, False, "hurts"),
        (-0.02, 0.01, True, "helps"),
        (0.02, 0.01, True, "hurts"),
        (0.02, 0.051, False, "no difference found"),
        (0.0, 0.0, True, "no difference found"),
        (0.02, None, False, "too few seeds"),
        (None, None, False, "too few seeds"),
    ],
)
def test_verdict_depends_on_the_corrected_p_value_and_on_which_direction_is_better(
    mean, p_holm, lower_is_better, expected
):
    assert verdict_of(mean, p_holm, lower_is_better=lower_is_better) == expected


def test_gan_images_are_compared_with_the_cheap_alternatives_too():
    rows = [
        row(**NOTHING, baseline="class-weights"),
        row(**NOTHING),
        row(-0.031, -0.05, -0.012, "hurts", baseline="duplicated"),
        row(classifier="svm"),
    ]
    assert verdict_sentence(rows) == (
        "Adding GAN images — Baseline CNN: no difference found (balanced accuracy +0.1 points, 95 % interval −1.0 to "
        "+1.2, 5 seeds; a true effect under 2.5 points would likely be missed); against as many plain copies: hurts "
        "(balanced accuracy −3.1 points, 95 % interval −5.0 to −1.2, 5 seeds); against class weights: no difference "
        "found (balanced accuracy +0.1 points, 95 % interval −1.0 to +1.2, 5 seeds; a true effect under 2.5 points "
        "would likely be missed). RBF SVM: helps (balanced accuracy +2.0 "
        "points, 95 % interval +1.0 to +3.0, 5 seeds)."
    )


def test_the_effect_on_the_ranking_is_reported_with_a_finding():
    ranking = row(-0.02, -0.03, -0.011, "hurts", metric="roc_auc")
    assert verdict_sentence([row(**NOTHING), ranking]).endswith(
        "a true effect under 2.5 points would likely be missed); but in ranking: hurts (ROC-AUC −2.0 points, 95 % "
        "interval −3.0 to −1.1, 5 seeds)."
    )
    assert "; in ranking, too: hurts (" in verdict_sentence([row(-0.1, -0.2, -0.05, "hurts"), ranking])
    for silent in (
        row(**NOTHING, metric="roc_auc"),
        ranking | {"baseline": "duplicated"},
        ranking | {"synthetic_ratio": 0.5},
        ranking | {"arm": "augmented"},
    ):
        assert "ROC-AUC" not in verdict_sentence([row(**NOTHING), silent])


def test_the_correction_is_named_where_it_made_the_difference():
    sentence = verdict_sentence([row(verdict="no difference found")])
    assert "no difference found: not after correction for 9 comparisons (balanced accuracy +2.0 points" in sentence


def test_of_several_ratios_the_one_nearest_to_what_is_missing_and_copies_of_the_same():
    rows = [
        row(mean=ratio / 10, synthetic_ratio=ratio, minority_fraction=fraction, baseline=baseline)
        for ratio in (0.25, 1.0, 2.0)
        for fraction in (0.1, 0.5)
        for baseline in ("imbalanced", "duplicated")
    ]
    sentence = verdict_sentence(rows)
    assert (
        "Baseline CNN (1 × the missing images, 50 % of the minority class): helps (balanced accuracy +10.0" in sentence
    )
    assert sentence.count("+10.0 points") == 2 and "+2.5 points" not in sentence


def test_trainings_that_do_not_vary_and_single_runs_claim_nothing():
    assert "nothing varied" in verdict_sentence([row(**NOTHING, smallest_detectable=None)])
    assert "says nothing" in verdict_sentence([row(0.2, None, None, "too few seeds")])
    assert "no figures" in verdict_sentence([row(None, None, None, "too few seeds")])


def test_without_a_gan_arm_there_is_no_answer():
    assert "cannot say" in verdict_sentence([row(arm="augmented")])
    assert "cannot say" in verdict_sentence([row(baseline="duplicated")])


HELPS, HURTS, NONE, FEW = "helps", "hurts", "no difference found", "too few seeds"


@pytest.mark.parametrize(
    ("against_none", "against_copies", "against_weights", "kind"),
    [
        ([HELPS, HELPS], [HELPS, HELPS], [HELPS, HELPS], "helps"),
        ([HELPS, HELPS], [HELPS, HELPS], [], "helps-untested"),
        ([HELPS, HELPS], [], [], "helps-untested"),
        ([HELPS, HELPS], [HELPS, NONE], [], "helps-like-alternatives"),
        ([HELPS, HELPS], [HELPS, HURTS], [HELPS, HELPS], "helps-like-alternatives"),
        ([HELPS, HELPS], [HELPS, HELPS], [HELPS, NONE], "helps-like-alternatives"),
        ([HELPS, HELPS], [NONE, HURTS], [], "helps-less-than-alternatives"),
        ([HELPS, HELPS], [HELPS, HELPS], [NONE, HURTS], "helps-less-than-alternatives"),
        ([HELPS, HELPS], [HELPS, HURTS], [NONE, HURTS], "helps-less-than-alternatives"),
        ([HURTS, HURTS], [NONE, NONE], [], "hurts"),
        ([NONE, NONE], [HELPS, HELPS], [HELPS, HELPS], "no-difference"),
        ([HURTS, NONE], [], [], "some-harm"),
        ([HELPS, HURTS], [], [], "depends"),
        ([HELPS, NONE], [], [], "depends"),
        ([HELPS, FEW], [], [], "too-few-seeds"),
    ],
)
def test_the_kind_follows_the_verdicts_of_all_classifiers(against_none, against_copies, against_weights, kind):
    of_baselines = {"imbalanced": against_none, "duplicated": against_copies, "class-weights": against_weights}
    rows = [
        row(classifier=model["name"], verdict=found, baseline=baseline)
        for baseline, verdicts in of_baselines.items()
        for model, found in zip(MODELS, verdicts, strict=False)
    ]
    assert kind_of(*rows) == kind


@pytest.mark.parametrize(
    ("main", "kind"), [("no difference found", "some-harm"), (HURTS, "hurts"), (HELPS, "helps-and-hurts")]
)
def test_harm_to_the_ranking_is_harm(main, kind):
    assert kind_of(row(verdict=main), row(verdict=HURTS, metric="roc_auc")) == kind


def test_findings_are_of_arms_without_synthetic_images():
    rows = [
        row(arm="class-weights", metric="recall_NORMAL", mean=0.267),
        row(arm="class-weights", metric="recall_NORMAL_chosen"),
        row(arm="class-weights", metric="mcc"),
        row(arm="duplicated", verdict="no difference found"),
        row(arm="augmented", baseline="duplicated"),
        row(arm="augmented", verdict=HURTS),
        row(arm="gan"),
    ]
    found = study_verdict(rows, MODELS, learned={"cnn", "svm"}, num_classes=2)["findings"]
    assert [(entry["arm"], entry["metric"], entry["mean"], entry["verdict"]) for entry in found] == [
        *[("class-weights", "recall_NORMAL", 0.267, HELPS), ("augmented", "balanced_accuracy", 0.02, HURTS)]
    ]
    assert study_verdict(rows, MODELS, learned=set(), num_classes=4) == {
        **{"kind": "not-learned", "chance": 0.25, "findings": []},
        "answers": [
            {"classifier": "cnn", "synthetic_ratio": None, "minority_fraction": 1.0}
            | {"main": "did not learn", "ranking": None, "against": {}}
        ],
    }
