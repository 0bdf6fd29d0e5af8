import json
import os

import pytest
from annotated_types import Ge, Gt, Le, Lt

from ganbal.config import Config, dump_config, load_config
from ganbal.errors import InputError

NAMES = ["no", "yes", "on", "0", "007", "1e3", "1_0", "None", "NA", "true", ".inf", "2024-01-01", "é"]


@pytest.mark.parametrize("name", NAMES)
def test_class_names_stay_as_typed(name, tmp_path):
    config = load_config(None, [f"gan.class_name={name}", f"synthesis.num_images={{{name}: 3}}"])
    assert config.gan.class_name == name and config.synthesis.num_images == {name: 3}
    (tmp_path / "config.yaml").write_text(dump_config(config), encoding="utf-8")
    assert load_config(tmp_path / "config.yaml") == config


@pytest.mark.parametrize("name", ["null", "~", "- a", "#x", "a: b", '"', " x "])
def test_class_names_in_quotation_marks_are_what_was_typed(name, tmp_path):
    config = load_config(None, [f"gan.class_name={json.dumps(name)}"])
    assert config.gan.class_name == name
    (tmp_path / "config.yaml").write_text(dump_config(config), encoding="utf-8")
    assert load_config(tmp_path / "config.yaml") == config


def test_numbers_booleans_and_null_are_recognized_where_no_name_is_expected():
    config = load_config(
        None,
        ["gan.learning_rate=1e-4", "gan.steps=1e3", "data.resplit=yes", "study.image_size_px=null", "score.dims=64"],
    )
    assert config.gan.learning_rate == 1e-4 and config.gan.steps == 1000 and config.data.resplit is True
    assert config.study.image_size_px is None and config.score.dims == 64


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("2024-13-45", "valid integer"),
        ("!!int foo", "tags .* not supported"),
        ("!!python/object:os.system x", "tags .* not supported"),
        ("&a [*a, *a]", "aliases are not supported"),
        ("9" * 5000, "at most 1000 characters"),
        ("9" * 30, "finite number"),
        (str(2**63), "finite number"),
        (".nan", "finite number"),
        ("1e400", "finite number"),
        ("[" * 3000, "nested too deeply"),
        ("{a: 1, a: 2}", "a is given twice"),
        ('"a\\0b"', "control characters"),
        ("{? [a] : 1}", "a name is expected"),
    ],
)
def test_what_is_no_value_is_one_paragraph(value, message):
    with pytest.raises(InputError, match=message) as caught:
        load_config(None, [f"gan.steps={value}"])
    assert len(str(caught.value)) < 500


def test_repeated_keys_in_a_file_are_named_with_their_line(tmp_path):
    (tmp_path / "c.yaml").write_text("gan:\n  steps: 1\n  steps: 2\n")
    with pytest.raises(InputError, match=r"steps is given twice \(line 3\)"):
        load_config(tmp_path / "c.yaml")


def test_what_is_no_settings_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "fifo.yaml")
    (tmp_path / "large.yaml").write_text("#" * 1_100_000)
    (tmp_path / "latin.yaml").write_bytes("seed: 1 # é".encode("latin-1"))
    for name, message in [
        ("fifo.yaml", "not a regular file"),
        ("/dev/zero", "not a regular file"),
        ("large.yaml", "too much"),
        ("latin.yaml", "not UTF-8"),
        (".", "not a regular file"),
    ]:
        with pytest.raises(InputError, match=message):
            load_config(tmp_path / name)


def test_every_number_among_the_settings_has_two_bounds():
    unbounded = []
    for section, field in Config.model_fields.items():
        fields = getattr(field.annotation, "model_fields", {section: field})
        for name, entry in fields.items():
            kinds = {type(item) for item in entry.metadata}
            is_number = entry.annotation in (int, float, int | None, float | None)
            if is_number and not (kinds & {Ge, Gt} and kinds & {Le, Lt}) and name != "image_size_px":
                unbounded.append(f"{section}.{name}")
    assert unbounded == []
