import pytest

from ganbal.data.patients import patient_in_name, patients_of


@pytest.mark.parametrize(
    ("file_name", "patient"),
    [
        ("person123_bacteria_4.jpeg", "person123"),
        ("train/PNEUMONIA/person7_virus_12.JPEG", "person7"),
        ("person1_virus_6_1.jpeg", "person1"),
        ("IM-0115-0001.jpeg", "IM-0115"),
        ("IM-0115-0001-0002.jpeg", "IM-0115"),
        ("NORMAL2-IM-0666-0001-0002.jpeg", "NORMAL2-IM-0666"),
        ("NORMAL2-IM-0666-0001.jpeg", "NORMAL2-IM-0666"),
        ("scan 12, left.png", None),
        ("person12.png", None),
        ("myperson12_virus_3.png", None),
        ("IM-0115.png", None),
    ],
)
def test_the_real_sets_names_tell_the_person(file_name, patient):
    assert patient_in_name(file_name) == patient


def test_a_name_of_no_known_pattern_is_its_own_person():
    assert patients_of(["A/scan 1.png", "B/scan.2.png"]) == ["scan 1", "scan.2"]


def test_the_same_unknown_name_in_two_folders_is_not_taken_for_one_person():
    assert patients_of(["A/1.png", "B/1.png", "B/2.png"]) == ["A/1", "B/1", "2"]


def test_an_unknown_name_that_equals_a_known_person_stays_apart():
    assert patients_of(["A/person1_virus_2.png", "B/person1.png"]) == ["person1", "B/person1"]
