from ganbal.errors import InputError
from ganbal.metrics import score_warnings
from ganbal.runtime import warning_text
from ganbal.stages.score import classes_to_score, with_other_classes


def test_the_class_of_the_settings_comes_first_then_the_one_with_most_images():
    names = ["B"] * 3 + ["A"] * 3 + ["C"] * 5
    assert classes_to_score(names, None) == ["C", "A", "B"]
    assert classes_to_score(names, "B") == ["B", "C", "A"]
    assert classes_to_score(names, "absent") == ["C", "A", "B"]


def test_one_class_leaves_the_scores_as_they_are():
    assert with_other_classes({"class_name": "A", "scores": []}, [], dict) == {"class_name": "A", "scores": []}


def test_other_classes_are_listed_and_classes_that_cannot_be_scored_are_reported():
    def score(name):
        if name == "C":
            raise InputError(expected="at least 16 images", found="3", action="Draw more.")
        return {"scores": [name]}

    content = with_other_classes({"class_name": "A", "warnings": ["x"]}, ["B", "C"], score)
    assert content["other_classes"] == {"B": {"scores": ["B"]}}
    warnings = content["warnings"]
    assert warnings[0] == "x"
    assert warnings[1]["values"] == {"class_name": "A", "others": ["B", "C"]}
    assert warnings[2]["kind"] == "class-not-scored" and warnings[2]["values"]["class_name"] == "C"


def test_every_warning_has_a_sentence():
    assert set(score_warnings.KINDS) <= set(warning_text.KINDS)
