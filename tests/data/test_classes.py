import pytest
import yaml

from ganbal.data.classes import ClassOrder, check_classes, class_name_problem, order_classes, rename_classes
from ganbal.errors import InputError


@pytest.mark.parametrize(
    ("names", "expected", "reason"),
    [
        (("NORMAL", "PNEUMONIA"), ("NORMAL", "PNEUMONIA"), "name"),
        (("abnormal", "normal"), ("normal", "abnormal"), "name"),
        (("COVID", "Non-COVID"), ("Non-COVID", "COVID"), "name"),
        (("COVID", "NonCOVID"), ("NonCOVID", "COVID"), "name"),
        (("notumor", "tumor"), ("notumor", "tumor"), "name"),
        (("covid_negative", "covid_positive"), ("covid_negative", "covid_positive"), "name"),
        (("benign", "malignant"), ("benign", "malignant"), "name"),
        (("Parasitized", "Uninfected"), ("Uninfected", "Parasitized"), "name"),
        (("Healthy", "Xyz"), ("Healthy", "Xyz"), "name"),
        (("disease", "xyz"), ("xyz", "disease"), "name"),
        (("no", "yes"), ("no", "yes"), "name"),
        (("0", "1"), ("0", "1"), "name"),
        (("type 1", "type 2"), ("type 1", "type 2"), "order"),
        (("pneumonia", "tuberculosis"), ("pneumonia", "tuberculosis"), "order"),
    ],
)
def test_of_two_classes_the_abnormal_one_is_positive(names, expected, reason):
    assert order_classes(reversed(names)) == ClassOrder(expected, expected[1], reason)


def test_the_setting_comes_first():
    assert order_classes(["NORMAL", "PNEUMONIA"], "NORMAL") == ClassOrder(("PNEUMONIA", "NORMAL"), "NORMAL", "setting")
    with pytest.raises(InputError, match="is 'C', but the data set has the classes A, B"):
        order_classes(["A", "B"], "C")


def test_more_classes_stay_in_alphabetical_order():
    assert order_classes(["normal", "b", "abnormal"]) == ClassOrder(("abnormal", "b", "normal"), None, None)
    with pytest.raises(InputError, match="one of exactly two classes"):
        order_classes(["A", "B", "C"], "A")


@pytest.mark.parametrize("name", ["no", "0", "None", "NA", "1e3", "007", "Lung, left; upper", "Ätna", "x" * 200])
def test_usable_names(name):
    assert class_name_problem(name) is None


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("a\nb", "line breaks"),
        ("a\x1b[31m", "control characters"),
        ("\udcff", "control characters"),
        ("../x", "folder"),
        (".x", "folder"),
        ("a\\b", "folder"),
        (" ", "folder"),
        ("ä" * 101, "longer than 200 bytes"),
        ("Manifest.csv", "a file in a run"),
    ],
)
def test_names_that_cannot_be_used(name, problem):
    assert problem in (class_name_problem(name) or "")
    with pytest.raises(InputError, match="Rename these classes"):
        check_classes([name, "B"])


@pytest.mark.parametrize(
    ("names", "setting"),
    [(["Normal", "SICK", "normal"], "{'normal': Normal}"), (["SICK", "NORMAL ", "NORMAL"], "{'NORMAL ': NORMAL}")],
)
def test_names_that_differ_in_case_or_spaces_are_not_two_classes(names, setting):
    with pytest.raises(InputError, match="differ only in case") as caught:
        check_classes(names)
    assert f"data.class_names={setting}" in str(caught.value)
    renamed = yaml.safe_load(setting)
    check_classes(rename_classes(names, renamed))


def test_two_spellings_of_one_name():
    with pytest.raises(InputError, match="look the same"):
        check_classes(["\u00e4", "a\u0308"])
