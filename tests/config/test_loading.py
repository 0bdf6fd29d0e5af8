import re

import pytest
import yaml

from ganbal.config import Config, allowed_gan_sizes_px, dump_config, load_config
from ganbal.errors import InputError


def test_no_settings_give_the_defaults():
    assert load_config(None) == Config()


def test_file_overrides_base_and_assignment_overrides_file(tmp_path):
    file = tmp_path / "settings.yaml"
    file.write_text("gan: {steps: 20, batch_size: 16}\nseed: 3\n")
    config = load_config(file, ["gan.steps=30"], base={"gan": {"batch_size": 8, "latent_dim": 50}})
    assert (config.gan.steps, config.gan.batch_size, config.gan.latent_dim, config.seed) == (30, 16, 50, 3)


def test_dumped_settings_load_to_an_equal_config(tmp_path):
    config = load_config(None, ["gan.augment=[cutout]", "study.arms=[imbalanced]", "data.root=/some/where", "seed=7"])
    file = tmp_path / "settings.yaml"
    file.write_text(dump_config(config))
    assert load_config(file) == config


def test_all_mistakes_are_reported_at_once_with_the_nearest_name():
    with pytest.raises(InputError) as caught:
        load_config(None, ["gan.stepz=20", "gan.image_size_px=33", "synthesis.num_images=0", "foo", "study.augment=x"])
    message = str(caught.value)
    assert "5 mistakes" in message
    assert "gan.stepz: no such setting; did you mean gan.steps?" in message
    assert "gan.image_size_px: must be one of 32, 40, 64, 80, 128, 160, 256" in message
    assert "synthesis.num_images: must be at least 1" in message
    assert "--set foo: write it as section.field=value" in message
    assert "study.augment" in message


@pytest.mark.parametrize(
    ("text", "complaint"), [("- a list", "a list"), ("gan: [", "YAML"), ("gan: 3", "gan: input should be")]
)
def test_a_wrong_file_is_an_input_error(tmp_path, text, complaint):
    file = tmp_path / "settings.yaml"
    file.write_text(text)
    with pytest.raises(InputError, match=complaint):
        load_config(file)


@pytest.mark.parametrize(
    ("text", "assignments", "base", "place"),
    [
        ("gan: {steps: 5}", ["gan.stepz=3"], None, "in the options of the command;"),
        ("gan: {stepz: 5}", ["gan.steps=3"], None, r"in \S*settings.yaml;"),
        ("gan: {stepz: 5}", ["gan.stepp=3"], None, r"in \S*settings.yaml and the options of the command;"),
        ("gan: {steps: 5}", ["study.weights.vgg_16=none"], None, "in the options of the command;"),
        (None, ["gan.steps=3"], {"gan": {"stepz": 3}}, "in the run's config.yaml;"),
        (None, ["gan.steps=0"], {"gan": {"steps": 3}}, "in the options of the command;"),
    ],
)
def test_the_place_of_a_mistake_is_named(tmp_path, text, assignments, base, place):
    file = tmp_path / "settings.yaml" if text else None
    if file is not None:
        file.write_text(text)
    with pytest.raises(InputError, match=rf"Correct (it|them) {place}"):
        load_config(file, assignments, base)


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("study.arms=[imbalanced,gann]", r"no arm 'gann'\. The arms are imbalanced, .*gan-both.* Did you mean gan"),
        ("study.classifiers=[baselin_cnn]", r"no classifier 'baselin_cnn'\..*Did you mean baseline_cnn"),
        ("study.classifiers=[resnet18]", "Did you mean transfer:resnet18"),
        ("study.classifiers=['transfer:resnet_18']", "Did you mean transfer:resnet18"),
        ("study.classifiers=['transfer:resnet18:0']", "whole number of last blocks"),
        ("study.weights={vgg_16: none}", "Did you mean vgg16"),
        ("score.metrics=[fid,kidd]", r"no score 'kidd'\. .*fid, fid_infinity, kid,"),
        ("score.extractor=torchvision:resnt50", r"no image classifier 'resnt50'\. .*lists\. Did you mean resnet50"),
    ],
)
def test_wrong_names_are_refused_with_near_ones(assignment, message):
    with pytest.raises(InputError, match=message):
        load_config(None, [assignment])


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("data.val_fraction=2", "1 mistake:\n  data.val_fraction: input should be 'auto' or less than 0.9, found 2\n"),
        ("tracking=x", "1 mistake:\n  tracking: input should be 'auto' or a list, such as [a,b], found 'x'\n"),
    ],
)
def test_a_field_of_several_types_has_one_mistake(assignment, message):
    with pytest.raises(InputError, match=re.escape(message)):
        load_config(None, [assignment])


def test_a_missing_file_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        load_config(tmp_path / "absent.yaml")


def test_settings_cannot_be_changed_afterwards():
    with pytest.raises(ValueError, match="frozen"):
        load_config(None).gan.steps = 5  # type: ignore[misc]


def test_image_sizes_are_four_and_five_times_powers_of_two():
    assert allowed_gan_sizes_px() == [32, 40, 64, 80, 128, 160, 256]


def test_an_assignment_into_a_value_is_an_error():
    with pytest.raises(InputError, match="seed is a value, not a section"):
        load_config(None, ["seed=3", "seed.more=4"])


def test_every_shipped_config_loads(request):
    files = sorted((request.config.rootpath / "configs").rglob("*.yaml"))
    assert [file.name for file in files][:1] == ["default.yaml"]
    for file in files:
        load_config(file)


def test_default_yaml_is_the_defaults_in_full(request):
    file = request.config.rootpath / "configs" / "default.yaml"
    assert yaml.safe_load(file.read_text()) == yaml.safe_load(dump_config(Config()))


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("study.synthetic_ratios=[0.5,0]", "study.synthetic_ratios: must be numbers above 0"),
        ("study.synthetic_ratios=[0.5,0.5]", "study.synthetic_ratios: must be different numbers"),
        ("study.synthetic_ratios=[.inf]", "study.synthetic_ratios: must be a finite number"),
        ("study.minority_fractions=[]", "study.minority_fractions: must be at least one number, each at most 1"),
        ("study.minority_fractions=[0.5,2]", "study.minority_fractions: must be at least one number, each at most 1"),
        ("study.minority_fractions=[0.1,0]", "study.minority_fractions: must be numbers above 0"),
        ("study.arms=imbalanced", r"study.arms: input should be a list, such as \[a,b\], found 'imbalanced'"),
    ],
)
def test_lists_of_the_study_are_checked(assignment, message):
    with pytest.raises(InputError, match=message):
        load_config(None, [assignment])


def test_shares_of_the_minority_are_not_for_the_documents_protocol():
    with pytest.raises(InputError, match=r"minority_fractions goes with study\.protocol: honest only"):
        load_config(None, ["study.protocol=documents", "study.minority_fractions=[0.5]"])


def test_weights_of_frozen_backbones_for_all_classifiers_or_for_each():
    assert load_config(None, ["study.weights=none"]).study.weights_of("vgg16") == "none"
    for assignments in (
        ["study.weights={vgg16: /a.pth, xception: none}"],
        ["study.weights.vgg16=/a.pth", "study.weights.xception=none"],
    ):
        study = load_config(None, assignments).study
        found = [study.weights_of(name) for name in ("vgg16", "xception", "transfer:resnet18")]
        assert found == ["/a.pth", "none", "imagenet"]
    assert (
        load_config(None, ["study.weights.transfer:resnet18=/b.pth"]).study.weights_of("transfer:resnet18") == "/b.pth"
    )
