import re
import shlex

import numpy as np
import pytest

from ganbal.config import load_config
from ganbal.errors import InputError
from ganbal.synthesis.counts import (
    ClassCounts,
    check_available,
    check_have_generators,
    classes_to_train,
    images_to_generate,
    minority_class,
    missing_images,
)

CHESTS = {"NORMAL": 1140, "PNEUMONIA": 3294}
THREE = {"A": 100, "B": 40, "C": 95}


def train(counts, *assignments):
    return classes_to_train(counts, load_config(None, assignments).gan)


def generate(counts, *assignments):
    config = load_config(None, assignments)
    return images_to_generate(counts, config.gan, config.synthesis)


def test_missing_images_by_hand():
    assert missing_images(THREE) == {"A": 0, "B": 60, "C": 5}
    assert minority_class({"B": 3, "A": 3, "C": 9}) == "A"


def test_which_classes_are_trained():
    assert train(CHESTS) == ("NORMAL",)
    assert train(CHESTS, "gan.class_name=PNEUMONIA") == ("PNEUMONIA",)
    assert train(CHESTS, "gan.class_names=[PNEUMONIA,NORMAL]") == ("NORMAL", "PNEUMONIA")
    assert train(THREE) == ("B", "C")
    assert train(THREE, "gan.conditional=true") == ("B", "C", "A")
    assert train({"A": 7, "B": 7, "C": 7}) == ("A",)
    with pytest.raises(InputError, match="no class 'COVID'"):
        train(CHESTS, "gan.class_names=[NORMAL,COVID]")


def test_how_many_are_generated_by_default_and_by_number():
    assert generate(CHESTS) == {"NORMAL": 2154}
    assert generate(CHESTS, "synthesis.num_images=2500") == {"NORMAL": 2500}
    assert generate(CHESTS, "synthesis.num_images=9", "gan.class_name=PNEUMONIA") == {"PNEUMONIA": 9}
    assert generate(THREE) == {"B": 60, "C": 5}
    assert generate(THREE, "gan.conditional=true") == {"B": 60, "C": 5}
    assert generate(THREE, "gan.class_names=[A,C]") == {"C": 5}
    assert generate(THREE, "synthesis.num_images={C: 7, B: 1}") == {"B": 1, "C": 7}


def test_the_ratio_is_of_what_each_class_lacks_rounded_halves_up():
    assert generate(THREE, "synthesis.ratio=0.25") == {"B": 15, "C": 1}
    assert generate(THREE, "synthesis.ratio=0.5") == {"B": 30, "C": 3}
    assert generate(THREE, "synthesis.ratio=0.05") == {"B": 3}


def test_nothing_to_generate_is_an_error():
    with pytest.raises(InputError, match="No images are missing: there are 7 of A, 7 of B"):
        generate({"A": 7, "B": 7})
    with pytest.raises(InputError, match=r"3294 of PNEUMONIA"):
        generate(CHESTS, "gan.class_name=PNEUMONIA")
    with pytest.raises(InputError, match=r"synthesis.ratio is 0.01"):
        generate({"A": 7, "B": 8}, "synthesis.ratio=0.01")


def test_a_class_without_generator_and_an_unknown_one_are_refused():
    gan = load_config(None).gan
    with pytest.raises(InputError, match=r"gan.class_names=\[NORMAL,PNEUMONIA\]"):
        check_have_generators({"PNEUMONIA": 5}, CHESTS, gan)
    with pytest.raises(InputError, match="no class 'COVID'"):
        check_have_generators({"COVID": 5}, CHESTS, gan)
    check_have_generators({"PNEUMONIA": 5}, CHESTS, load_config(None, ["gan.conditional=true"]).gan)


def suggested(action: str) -> list[list[str]]:
    """The commands between backticks, as a shell splits them."""
    return [shlex.split(command) for command in re.findall("`(.*?)`", action)]


def test_suggested_commands_work_with_any_class_name():
    names = ["A", "COVID 19", "a, b", "null"]
    counts = dict(zip(names, (40, 30, 20, 30), strict=True))
    with pytest.raises(InputError) as refused:
        check_have_generators(["COVID 19", "null"], counts, load_config(None, ["gan.class_name=a, b"]).gan)
    train, conditional = suggested(refused.value.action)
    assert train[:3] == ["ganbal", "train-gan", "--set"] and conditional == ["--set", "gan.conditional=true"]
    assert load_config(None, [train[3]]).gan.class_names == ("COVID 19", "a, b", "null")
    available = ClassCounts(np.array([40, 30, 20, 30]), np.array([0, 5, 0, 0]))
    with pytest.raises(InputError) as refused:
        check_available(np.array([0, 10, 20, 0]), available, names, ["gan"])
    generate_them, train, _ = suggested(refused.value.action)
    assert generate_them == ["ganbal", "synthesize", "--n", "COVID 19=10", "--n", "a, b=20", "--overwrite"]
    assert load_config(None, [train[3]]).gan.class_names == ("COVID 19", "a, b")


def test_settings_that_contradict_each_other_are_refused():
    for assignments, message in (
        (["gan.class_name=A", "gan.class_names=[B,C]"], "one of gan.class_names"),
        (["gan.conditional=true", "gan.class_names=[B,C]"], "all classes"),
        (["gan.conditional=true", "gan.adaptive_augment=true"], "adaptive_augment"),
        (["gan.class_names=[B,B]"], "different"),
        (["synthesis.num_images=3", "synthesis.ratio=0.5"], "ratio"),
        (["synthesis.num_images={A: 0}"], "at least 1"),
        (["synthesis.num_images={}"], "at least 1"),
    ):
        with pytest.raises(InputError, match=message):
            load_config(None, assignments)


def test_named_counts_replace_those_of_the_run():
    earlier = {"synthesis": {"num_images": {"A": 3}, "batch_size": 8}}
    settings = load_config(None, ["synthesis.num_images={B: 4}"], base=earlier).synthesis
    assert (settings.num_images, settings.batch_size) == ({"B": 4}, 8)


@pytest.mark.parametrize(
    "name", ["007", "1e3", "no", "true", "~", "null", "-x", "a: b", "a #b", " a", "'", '"', "ß [x]"]
)
def test_any_name_can_be_suggested(name):
    with pytest.raises(InputError) as refused:
        check_have_generators([name], {"A": 5, name: 9}, load_config(None).gan)
    assert set(load_config(None, [suggested(refused.value.action)[0][3]]).gan.class_names) == {"A", name}
