import pytest

from ganbal.config import Config, load_config
from ganbal.config.presets import document_files, preset_file, preset_names
from ganbal.errors import InputError
from ganbal.reproduction.reproducing import systems_of


def test_the_default_preset_is_the_defaults():
    assert load_config(preset_file("default")) == Config()


def test_every_preset_loads():
    assert preset_names() == ["default", "demo", "gpu-64", "quick", "quick-160"]
    for name in preset_names():
        load_config(preset_file(name))


def test_a_mistyped_preset_suggests_a_near_one():
    with pytest.raises(InputError, match="Did you mean quick"):
        preset_file("quik")


def test_every_shipped_configuration_is_a_published_system():
    for file in document_files():
        assert systems_of(file, {}, ()), file.stem


def test_systems_are_chosen_by_name_in_the_given_order_and_once_each():
    names = ["springboard_vgg16", "springboard_baseline_cnn", "springboard_vgg16"]
    assert [file.stem for file in document_files(names)] == names[:2]


def test_unknown_names_suggest_near_ones():
    with pytest.raises(
        InputError, match=r"no published system named 'springboard_vgg'\. .* Did you mean springboard_vgg16"
    ):
        document_files(["springboard_vgg"])
