import pytest

from ganbal.config import load_config
from ganbal.errors import InputError
from ganbal.run.folder import Run
from ganbal.runtime.console import Console
from ganbal.stages.requirements import Requirement, check_requirements
from ganbal.study.arms.supply import planned_images
from ganbal.study.plan import conditions

QUIET = Console(quiet=True)
COUNTS = {"A": 30, "B": 10}


def planned(*assignments, counts=COUNTS):
    config = load_config(None, assignments)
    return planned_images(lambda: conditions(config.study), counts, config.gan, config.synthesis)


def test_balance_as_ever_without_ratios():
    assert planned() == {"B": 20}
    assert planned("synthesis.ratio=0.5") == {"B": 10}
    assert planned("study.arms=[imbalanced]", "study.synthetic_ratios=[2]") == {"B": 20}


def test_the_largest_ratio_is_generated_for():
    assert planned("study.synthetic_ratios=[0.25,1.5]") == {"B": 30}
    assert planned("study.synthetic_ratios=[0.25]") == {"B": 20}, "balance is the least"
    assert planned("study.synthetic_ratios=[2]", "synthesis.num_images=7") == {"B": 7}, "numbers stay as they are given"


def test_every_class_is_generated_for_gan_both():
    arms = "study.arms=[imbalanced,gan,gan-both]"
    # 20 in all, in proportion to 30 : 10.
    assert planned(arms, "gan.conditional=true") == {"A": 15, "B": 20}
    assert planned(arms, "gan.class_names=[A,B]", "study.synthetic_ratios=[2]") == {"A": 30, "B": 40}
    with pytest.raises(InputError, match=r"gan\.class_names=\[A,B\].*gan\.conditional=true"):
        planned(arms)


def test_an_unknown_arm_is_reported():
    with pytest.raises(InputError, match="arms are imbalanced"):
        planned("study.arms=[imbalanced,gam]")


def test_too_few_images_for_the_study_are_reported_before_training(tmp_path):
    small = ["data.root=phantom", "data.phantom_images=120", "device=cpu", "score.extractor=untrained"]
    small += ["study.classifiers=[cnn_64]", "synthesis.num_images=20", "study.synthetic_ratios=[1]"]
    whole_run = (Requirement.GAN, Requirement.SCORE, Requirement.STUDY)
    with pytest.raises(InputError, match=r"20 NORMAL.* are needed for gan.*ganbal synthesize --n NORMAL="):
        check_requirements(Run(tmp_path / "run"), load_config(None, small), whole_run, QUIET)
    check_requirements(
        Run(tmp_path / "run"), load_config(None, [*small, "synthesis.num_images=balance"]), whole_run, QUIET
    )


def test_a_study_with_smote_needs_its_package(tmp_path, monkeypatch):
    monkeypatch.setattr("classifiers.training.feature_oversampling.find_spec", lambda name: None)
    small = ["data.root=phantom", "data.phantom_images=120", "device=cpu", "study.classifiers=[pixel_svm]"]
    config = load_config(None, [*small, "study.arms=[imbalanced,smote]"])
    with pytest.raises(InputError, match=r'pip install "ganbal\[smote\]"'):
        check_requirements(Run(tmp_path / "run"), config, [Requirement.STUDY], QUIET)
    # A network that learns its features leaves the arm out.
    config = load_config(None, [*small, "study.arms=[imbalanced,smote,duplicated]", "study.classifiers=[cnn_64]"])
    check_requirements(Run(tmp_path / "run"), config, [Requirement.STUDY], QUIET)
