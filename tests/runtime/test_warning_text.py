"""Sentences for warnings, whatever the record contains."""

import string

import pytest

from ganbal.metrics.score_warnings import KINDS as KINDS_OF_SCORES
from ganbal.runtime.warning_text import KINDS, warning_text
from ganbal.study.warnings import KINDS as KINDS_OF_STUDIES


def test_every_kind_of_the_stages_has_a_sentence():
    assert {*KINDS_OF_SCORES, *KINDS_OF_STUDIES} <= set(KINDS)


def test_numbers_get_their_nouns_and_formats():
    found = warning_text({"kind": "few-seeds", "values": {"seeds": 1, "needed": 5}})
    assert found.text.startswith("Only 1 seed per cell") and "at least 5" in found.text
    assert found.severity == "severe"
    assert "AUC 0.981" in warning_text({"kind": "shortcut", "values": {"auc": 0.98123}}).text


def test_long_lists_are_cut():
    found = warning_text({"kind": "empty-folders", "values": {"folders": list("abcdefgh")}})
    assert found.text.endswith("a, b, c, d, e and 3 more.")


def test_of_a_long_list_only_the_first_names_are_in_the_record():
    found = warning_text({"kind": "unreadable-folders", "values": {"count": 7, "folders": ["a_1", "b_2"]}})
    assert found.text.endswith("left out: a_1, b_2 and 5 more.")


def test_an_unknown_kind_is_shown_with_its_values():
    found = warning_text({"kind": "new-thing", "values": {"share": 0.5, "names": ["a", "b"]}})
    assert found.text == "New thing: share 0.5, names a and b."
    assert found.severity == "mild"


@pytest.mark.parametrize("odd", [None, [], "x", {"a": 1}, True, [[1], None]])
@pytest.mark.parametrize("kind", KINDS)
def test_no_value_breaks_a_sentence(kind, odd):
    names = [name for _, name, _, _ in string.Formatter().parse(KINDS[kind][2]) if name]
    assert isinstance(warning_text({"kind": kind, "values": dict.fromkeys(names, odd)}).text, str)
    assert warning_text({"kind": kind, "values": odd}).text
    assert warning_text({"kind": kind}).text
