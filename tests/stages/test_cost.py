"""What is announced before hours of work; the seconds per image and per step are estimates of one core."""

from types import SimpleNamespace

import pytest
import torch

from ganbal.config import load_config
from ganbal.errors import InputError
from ganbal.run.folder import Run
from ganbal.runtime.console import Console
from ganbal.runtime.cpus import usable_cpus
from ganbal.stages.context import RunContext
from ganbal.stages.cost import announce_reproduction, num_trainings, study_hours

VGG16 = [
    *("study.classifiers=[vgg16]", "study.arms=[imbalanced]", "study.seeds=2", "study.steps=3260"),
    *("study.batch_size=32", "study.image_size_px=150", "study.augment=published"),
]


def hours(*settings):
    return study_hours(load_config(None, [*VGG16, *settings]), [1000, 3000])


def test_a_frozen_backbone_is_passed_in_every_step_or_once_per_image():
    per_image = 0.15 / usable_cpus() / 3600
    # Two trainings of 3,260 steps of 32 images, or 4,000 images once, or in four versions.
    every_epoch, once, versions = 208_640, 4000, 16_000
    assert hours() - hours("study.augment=none") == pytest.approx((every_epoch - once) * per_image)
    assert hours() - hours("study.augmented_versions=4") == pytest.approx((every_epoch - versions) * per_image)


@pytest.mark.parametrize(("device", "is_asked"), [("cpu", True), ("cuda", False)])
def test_hours_of_published_systems_are_asked_for_on_a_cpu(tmp_path, device, is_asked):
    questions = []
    console = Console(quiet=True, ask=lambda question: bool(questions.append(question)))
    config = load_config(None, ["data.root=phantom", *VGG16])
    context = SimpleNamespace(device=torch.device(device), config=config, cache=tmp_path, console=console)
    if is_asked:
        with pytest.raises(InputError, match="You answered no"):
            announce_reproduction(context, [("springboard_vgg16", config)])
    else:
        announce_reproduction(context, [("springboard_vgg16", config)])
    announce_reproduction(context, [])
    assert len(questions) == is_asked


@pytest.mark.parametrize(
    ("settings", "number"),
    [
        ([], 1),
        (["study.minority_fractions=[0.5,0.7,1]"], 3),
        (["study.minority_fractions=[0.5,0.7,1]", "gan.class_names=[NORMAL,PNEUMONIA]"], 4),
        (["study.minority_fractions=[0.5,1]", "gan.conditional=true"], 2),
        (["study.minority_fractions=[0.5,1]", "study.arms=[imbalanced,duplicated]"], 1),
    ],
)
def test_generators_that_are_trained(tmp_path, settings, number):
    phantom = ["data.root=phantom", "data.phantom_images=60", "gan.image_size_px=32", "study.image_size_px=32"]
    config = load_config(None, [*phantom, "study.classifiers=[baseline_cnn]", *settings])
    context = RunContext(Run(tmp_path / "run"), config, Console(quiet=True), cache=tmp_path)
    assert num_trainings(context) == number


def test_generators_that_are_there_are_not_announced_again(tmp_path):
    phantom = ["data.root=phantom", "data.phantom_images=60", "gan.image_size_px=32", "study.image_size_px=32"]
    both = ["gan.class_names=[NORMAL,PNEUMONIA]", "study.minority_fractions=[0.5,1]"]
    config = load_config(None, [*phantom, "study.classifiers=[baseline_cnn]", *both])
    context = RunContext(Run(tmp_path / "run"), config, Console(quiet=True), cache=tmp_path)
    assert num_trainings(context) == 3
    (tmp_path / "run" / "gan").mkdir(parents=True)
    (tmp_path / "run" / "gan" / "training.json").write_text("{}")
    assert num_trainings(context) == 1  # the minority class at the fraction
    imported = tmp_path / "run" / "gan" / "fraction_0.5" / "NORMAL" / "generator.safetensors"
    imported.parent.mkdir(parents=True)
    imported.touch()
    assert num_trainings(context) == 0
