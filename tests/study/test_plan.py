"""Which cells a study has."""

from ganbal.config import load_config
from ganbal.study.cell import Cell
from ganbal.study.plan import arms_left_out, conditions, planned_cells


def settings(*more):
    few = ["study.classifiers=[baseline_cnn]", "study.seeds=2", "study.arms=[imbalanced,gan]", "study.augment=none"]
    return load_config(None, [*few, *more]).study


def test_every_seed_of_all_arms_comes_before_the_next_seed():
    cells = planned_cells(settings(), seed=5)
    assert cells == [
        Cell("imbalanced", "baseline_cnn", 5),
        Cell("gan", "baseline_cnn", 5),
        Cell("imbalanced", "baseline_cnn", 6),
        Cell("gan", "baseline_cnn", 6),
    ]


def test_ratios_and_fractions_multiply_only_the_arms_they_concern():
    config = settings("study.arms=[imbalanced,sampler,duplicated]", "study.synthetic_ratios=[0.5,1]", "study.seeds=1")
    found = [(cell.arm, cell.synthetic_ratio) for cell in planned_cells(config, seed=0)]
    assert found == [("imbalanced", None), ("sampler", None), ("duplicated", 0.5), ("duplicated", 1.0)]
    config = settings("study.minority_fractions=[0.1,1]", "study.seeds=1", "study.synthetic_ratios=[2]")
    found = [(cell.arm, cell.synthetic_ratio, cell.minority_fraction) for cell in planned_cells(config, seed=0)]
    assert found == [("imbalanced", None, 0.1), ("gan", 2.0, 0.1), ("imbalanced", None, 1.0), ("gan", 2.0, 1.0)]


def test_impossible_pairs_are_left_out_and_reported():
    config = settings("study.arms=[imbalanced,smote,sampler]", "study.classifiers=[cnn_64,pixel_svm]", "study.seeds=1")
    assert [(cell.arm, cell.classifier) for cell in planned_cells(config, seed=0)] == [
        *[("imbalanced", "cnn_64"), ("sampler", "cnn_64"), ("imbalanced", "pixel_svm"), ("smote", "pixel_svm")]
    ]
    reasons = [(left["values"]["arm"], left["values"]["reason"]) for left in arms_left_out(config)]
    assert reasons == [("smote", "smote-needs-fixed-features"), ("sampler", "sampler-needs-batches")]
    steps = ["study.arms=[imbalanced,gan-weighted,gan-pretrain,gan-degraded,gan-advprop]", "study.seeds=1"]
    several = settings(*steps, "study.classifiers=[baseline_cnn,cnn_64,vgg16,pixel_svm,svm_on_cnn]")
    without = {(left["values"]["arm"], left["values"]["reason"]) for left in arms_left_out(several)}
    assert without == {
        *((arm, "arm-needs-steps") for arm in ("gan-weighted", "gan-pretrain")),
        ("gan-advprop", "arm-needs-batch-norm"),
    }
    trained = {(cell.arm, cell.classifier) for cell in planned_cells(several, 0)}
    assert {classifier for arm, classifier in trained if arm == "gan-advprop"} == {"baseline_cnn"}
    assert {classifier for arm, classifier in trained if arm == "gan-pretrain"} == {"baseline_cnn", "cnn_64", "vgg16"}
    assert ("gan-degraded", "pixel_svm") in trained
    frozen = ("study.arms=[imbalanced,smote]", "study.classifiers=[vgg16]", "study.seeds=1")
    assert len(planned_cells(settings(*frozen), seed=0)) == 2
    (left,) = arms_left_out(settings(*frozen, "study.augment=anatomical"))
    assert left["values"]["reason"] == "smote-needs-no-augmentation"


def test_arms_that_no_classifier_can_be_trained_with_need_no_images():
    arms = "study.arms=[imbalanced,gan-advprop]"
    assert conditions(settings(arms, "study.classifiers=[cnn_64]")) == [("imbalanced", None)]
    both = settings(arms, "study.classifiers=[cnn_64,baseline_cnn]")
    assert conditions(both) == [("imbalanced", None), ("gan-advprop", None)]
