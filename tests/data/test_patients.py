import re

import pytest

from ganbal.config import DataConfig
from ganbal.data.patients import find_patients, patient_in_name
from ganbal.data.source import FoundImage
from ganbal.errors import InputError


def images(*file_names, patient=None):
    return [FoundImage(name, "A", None, patient) for name in file_names]


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
        ("NIH/00000013_005.png", "00000013"),
        ("CHNCXR_0001_0.png", "CHNCXR_0001"),
        ("10_left.jpeg", "10"),
        ("Mass-Training_P_00001_LEFT_CC.png", "P_00001"),
        ("TCGA-02-0006-01.tif", "TCGA-02-0006"),
        ("OAS1_0001_MR1_mpr-1_100.jpg", "OAS1_0001"),
        ("ADNI_002_S_0295_MR_12.png", "002_S_0295"),
        ("sub-01_ses-02_T1w.png", "sub-01"),
        ("train/patient00005/study2/view1_frontal.jpg", "patient00005"),
        ("files/p10/p10000032/s50414267/02aa.jpg", "p10000032"),
        ("ISIC_0024306.jpg", None),
        ("NORMAL-1234.png", None),
        ("scan 12, left.png", None),
        ("person12.png", None),
        ("myperson12_virus_3.png", None),
        ("IM-0115.png", None),
    ],
)
def test_the_real_sets_names_give_the_patient(file_name, patient):
    assert patient_in_name(file_name) == patient


def test_an_image_without_a_recognized_patient_is_a_patient_of_its_own():
    found = find_patients(images("A/scan 1.png", "B/scan.2.png"))
    assert found.ids == ["scan 1", "scan.2"]
    assert (found.num_recognized, found.unit) == (0, "image: no patients recognized")
    assert [(warning.kind, warning.values) for warning in found.warnings()] == [("no-patients", {"images": 2})]


def test_the_same_unknown_name_in_two_folders_is_not_one_patient():
    assert find_patients(images("A/1.png", "B/1.png", "B/2.png")).ids == ["A/1", "B/1", "2"]


def test_an_unknown_name_that_equals_a_known_patient_stays_apart():
    found = find_patients(images("A/person1_virus_2.png", "B/person1.png"))
    assert found.ids == ["person1", "B/person1"]
    assert found.unit == "patient, recognized for 1 of 2 images"
    (warning,) = found.warnings()
    assert warning.kind == "some-patients"
    assert warning.values == {"images": 2, "recognized": 1, "example": "B/person1.png"}


def test_all_recognized_gives_no_warning():
    found = find_patients(images("A/00000013_005.png", "B/00000013_006.png"))
    assert found.ids == ["00000013", "00000013"]
    assert (found.counts, found.unit, found.warnings()) == ({"names": 2}, "patient", [])


@pytest.mark.parametrize("pattern", [r"p(?P<patient>\d+)x", r"p(\d+)x", r"\d+(?=x)"])
def test_a_pattern_of_the_user_comes_before_the_usual_names(pattern):
    found = find_patients(images("A/p7x_1.png", "B/p7x_2.png", "B/p8x_1.png"), pattern)
    assert found.ids == ["7", "7", "8"]
    assert found.counts == {"pattern": 3}


def test_a_column_comes_before_the_pattern():
    found = find_patients([*images("A/p7x.png", patient="Ann"), *images("A/p8x.png")], r"p(\d+)x")
    assert found.ids == ["Ann", "8"]
    assert found.counts == {"column": 1, "pattern": 1}


def slices(*volumes):
    """Two slices of each volume."""
    return [
        FoundImage(f"volume-{number}/slice-{n}.tif", "A", None, None, volume)
        for number, volume in enumerate(volumes)
        for n in range(2)
    ]


def test_slices_of_a_volume_without_a_recognized_patient_stay_together():
    found = find_patients(slices("A/a.nii.gz", "A/x/b.nii", "B/b.nii"))
    assert found.ids == ["a", "a", "A/x/b", "A/x/b", "B/b", "B/b"]
    assert (found.num_recognized, found.counts, found.unit) == (0, {"volume": 6}, "volume: no patients recognized")
    assert [(warning.kind, warning.values) for warning in found.warnings()] == [("no-patients", {"images": 6})]


def test_patients_are_recognized_in_the_names_of_volumes():
    found = find_patients(slices("A/sub-01/anat/T1w.nii.gz", "B/sub-02_T1w.nii.gz", "B/other.nii"))
    assert found.ids == ["sub-01", "sub-01", "sub-02", "sub-02", "other", "other"]
    assert found.counts == {"folders": 2, "names": 2, "volume": 2}
    (warning,) = found.warnings()
    assert warning.values == {"images": 6, "recognized": 4, "example": "B/other.nii"}


def test_a_pattern_that_matches_nothing():
    with pytest.raises(InputError, match=r"data.patient_pattern, 'q.*', matches none of 1 .*A/1.png"):
        find_patients(images("A/1.png"), r"q(\d+)")


def test_a_pattern_that_is_no_regular_expression():
    with pytest.raises(ValueError, match=re.escape("must be a regular expression")):
        DataConfig(patient_pattern="(")
