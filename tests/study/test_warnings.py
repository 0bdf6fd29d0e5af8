"""Warnings are records, and the report has a sentence for every kind of them."""

import pytest

from ganbal.runtime.warning_text import warning_text
from ganbal.study.warnings import KINDS, LEFT_OUT_REASONS, study_warnings, warning

EXAMPLES = [
    warning("few-seeds", seeds=1, needed=5),
    warning("few-test-patients", class_name="NORMAL", patients=4, needed=30),
    warning("one-test-patient", class_name="NORMAL", images=9),
    warning("stopped-on-test"),
    warning("not-pretrained", classifier="VGG16"),
    warning("arm-left-out", arm="smote", classifier="VGG16", reason="smote-needs-no-augmentation"),
    warning("uninformative-intervals", metrics=["roc_auc"]),
    warning("mixed-devices", devices={"cpu float32": 3, "cuda bfloat16": 7}),
]


def found(**others):
    usual = {
        "num_seeds": 5,
        "protocol": "honest",
        "classifiers": [{"title": "VGG16", "pretrained": "imagenet"}],
        "rarest_class": ("NORMAL", 60, 40),
        "differences": [{"metric": "mcc", "is_informative": True}],
        "devices": {"cpu float32": 10},
    }
    return [(entry["kind"], entry["values"]) for entry in study_warnings(**usual | others)]


def test_a_sound_study_has_none():
    assert found() == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"num_seeds": 2}, ("few-seeds", {"seeds": 2, "needed": 5})),
        ({"protocol": "documents"}, ("stopped-on-test", {})),
        ({"rarest_class": ("A", 2, 1)}, ("one-test-patient", {"class_name": "A", "images": 2})),
        ({"rarest_class": ("A", 9, 2)}, ("few-test-patients", {"class_name": "A", "patients": 2, "needed": 30})),
        (
            {"differences": [{"metric": "mcc", "is_informative": False}] * 2},
            ("uninformative-intervals", {"metrics": ["mcc"]}),
        ),
        (
            {"devices": {"cpu float32": 1, "cuda bfloat16": 2}},
            ("mixed-devices", {"devices": {"cpu float32": 1, "cuda bfloat16": 2}}),
        ),
        ({"classifiers": [{"title": "VGG16", "pretrained": "none"}]}, ("not-pretrained", {"classifier": "VGG16"})),
    ],
)
def test_each_weakness_has_its_record(change, expected):
    assert found(**change) == [expected]


def test_every_kind_has_a_sentence_with_its_values():
    assert [entry["kind"] for entry in EXAMPLES] and {entry["kind"] for entry in EXAMPLES} == set(KINDS)
    for record in EXAMPLES:
        text = warning_text(record).text
        assert text != record["kind"] and text.endswith(".")
        for value in record["values"].values():
            if isinstance(value, int):
                assert str(value) in text
    for reason in LEFT_OUT_REASONS:
        assert reason not in warning_text(warning("arm-left-out", arm="a", classifier="b", reason=reason)).text
