import pytest

from ganbal.config import load_config
from ganbal.config.gan import GanConfig
from ganbal.errors import InputError

NUMERIC = [
    name
    for name, field in GanConfig.model_fields.items()
    if field.annotation in (int, float) and name != "image_size_px"
]


@pytest.mark.parametrize("name", [*NUMERIC, "image_size_px"])
@pytest.mark.parametrize("value", ["9223372036854775808", "-9223372036854775808", ".inf", ".nan", "1e40"])
def test_every_number_has_bounds(name, value):
    with pytest.raises(InputError, match=f"gan.{name}"):
        load_config(None, [f"gan.{name}={value}"])


def test_there_are_numbers_to_test():
    assert len(NUMERIC) > 15


@pytest.mark.parametrize("section", ["study.learning_rate", "synthesis.ratio", "data.val_fraction"])
@pytest.mark.parametrize("value", [".inf", ".nan"])
def test_no_section_takes_infinity_or_nan(section, value):
    with pytest.raises(InputError, match=section):
        load_config(None, [f"{section}={value}"])


def test_the_fewest_score_images_are_what_the_distance_needs():
    assert load_config(None, ["gan.score_images=4"]).gan.score_images == 4
    with pytest.raises(InputError, match=r"gan\.score_images"):
        load_config(None, ["gan.score_images=3"])
