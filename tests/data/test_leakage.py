import numpy as np
import pandas as pd
import pytest

from ganbal.data.leakage import are_certain, are_cut_apart, joined_patients, leakage_warnings

FRAME = pd.DataFrame(
    [
        ("a", "X", "train", "p1", "1"),
        ("b", "X", "test", "p1", "2"),
        ("c", "Y", "train", "p2", "3"),
        ("d", "X", "train", "p3", "3"),
        ("e", "Y", "unused", "p3", "2"),
        ("f", "Y", "val", "p4", "1"),
    ],
    columns=["file_name", "class_name", "split", "patient", "sha256"],
)


def kinds(counts):
    return {warning.kind: warning.values for warning in leakage_warnings(FRAME, counts)}


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({}, False),
        ({"column": 3}, True),
        ({"dicom": 3, "pattern": 1}, True),
        ({"names": 3}, False),
        ({"column": 3, "folders": 1}, False),
    ],
)
def test_only_named_patients_are_certain(counts, expected):
    assert are_certain(counts) is expected


def test_warnings_about_what_splits_share():
    found = kinds({"column": 6})
    assert found == {
        "patients-across-splits": {"places": ["1 in train and test"]},
        "duplicates-across-splits": {"groups": 1},  # a and f; e is unused
        "conflicting-labels": {"groups": 2, "example": ["a", "f"]},
    }
    assert "patients-across-splits" not in kinds({"names": 6})


def test_patients_that_share_a_file_are_joined_across_steps():
    patients, digests = ["p4", "p1", "p2", "p2", "p3", "p5"], ["a", "b", "b", "c", "c", "d"]
    assert joined_patients(patients, digests) == ["p4", "p1", "p1", "p1", "p1", "p5"]


def test_only_what_a_cut_separates_is_cut_apart():
    digests = ["a", "a", "b", "b"]
    assert are_cut_apart([None] * 4, np.array(["train", "val", "test", "test"]), digests)
    assert not are_cut_apart([None] * 4, np.array(["val", "val", "test", "test"]), digests)
    assert not are_cut_apart(["train", "test", None, None], np.array(["train", "test", "val", "val"]), digests)
