"""Whatever a JSON file contains, the report gets values of the kinds it relies on, and a sentence about the rest."""

import math

import pytest

from ganbal.report import file_contents
from ganbal.report.shapes import flag, mapping, number, optional, record, sequence, text

ODD = [None, "x", 7, -1.5, True, [], {}, [[]], {"a": {"b": 1}}, math.nan, math.inf, 10**400, "\ud800\x1b[31m", [None]]


def conformed(shape, value):
    complaints = []
    return shape(value, "here", complaints), complaints


@pytest.mark.parametrize(
    ("shape", "value", "expected"),
    [
        (number, 3, 3),
        (number, 0.5, 0.5),
        (text, "NORMAL", "NORMAL"),
        (flag, False, False),
        (sequence(number), [1, 2], [1, 2]),
        (mapping(number), {"a": 1}, {"a": 1}),
        (record(a=number, b=sequence(text)), {"a": 1, "more": 2}, {"a": 1, "b": []}),
        (optional(record(a=number)), None, None),
        (record(a=record(b=number)), {}, {"a": {"b": None}}),
    ],
)
def test_what_conforms_is_kept_and_missing_keys_are_filled_in(shape, value, expected):
    assert conformed(shape, value) == (expected, [])


@pytest.mark.parametrize(
    ("shape", "value", "kept", "complaint"),
    [
        (number, "12", None, "here is '12', not a number"),
        (number, True, None, "here is 'True', not a number"),
        (number, math.nan, None, "here is 'nan', not a number"),
        (number, 10**400, None, "not a number"),
        (text, [], None, "here is '[]', not a text"),
        (sequence(number), [1, "a", 2], [1, 2], "here[1] is 'a', not a number"),
        (mapping(number), {"a": 1, "b": None, "c": []}, {"a": 1}, "here.c is '[]', not a number"),
        (sequence(record(("a",), a=text)), [{"a": "x"}, {}, 3], [{"a": "x"}], "here[1] lacks a"),
        (record(a=number), 5, {"a": None}, "here is '5', not an object"),
    ],
)
def test_what_does_not_conform_is_left_out_and_named(shape, value, kept, complaint):
    found, complaints = conformed(shape, value)
    assert found == kept
    assert complaint in complaints[0]


def test_texts_lose_the_characters_that_steer_a_terminal():
    assert conformed(text, "a\x1b[31mb\u202ec\ue000\nd")[0] == "a\ufffd[31mb\ufffdc\ufffd\nd"


SHAPES = {name: shape for name, shape in vars(file_contents).items() if name.isupper() and not name.startswith("_")}


def leaves(value):
    """All values inside, whatever their depth."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value, *(leaf for one in inner for leaf in leaves(one))]


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("value", ODD, ids=lambda value: str(value)[:12].encode("ascii", "replace").decode())
def test_no_file_content_raises_or_lets_odd_values_through(name, value):
    for content in (
        value,
        dict.fromkeys(("scores", "classes", "arms", "counts", "stages", "gan", "warnings"), value),
    ):
        for leaf in leaves(conformed(SHAPES[name], content)[0]):
            assert not isinstance(leaf, float) or math.isfinite(leaf)
            assert not isinstance(leaf, int) or abs(leaf) <= 1e15
            assert not isinstance(leaf, str) or "\x1b" not in leaf
