import numpy as np
import pytest

from ganbal.data.splits import assign_splits, choose_patients, validation_fraction
from ganbal.errors import InputError

A20_B40 = (["A"] * 20 + ["B"] * 40, [f"p{n}" for n in range(60)])


def assign(found, classes, patients, *, val=0.2, test=0.25, seed=0):
    return assign_splits(found, classes, patients, val_fraction=val, test_fraction=test, seed=seed)


def count(splits, classes, split):
    return {name: sum(s == split and c == name for s, c in zip(splits, classes, strict=True)) for name in set(classes)}


def test_with_one_image_a_patient_the_shares_are_exact():
    classes, patients = A20_B40
    splits, rule = assign([None] * 60, classes, patients)
    assert count(splits, classes, "test") == {"A": 5, "B": 10}  # a quarter of 20 and 40
    assert count(splits, classes, "val") == {"A": 3, "B": 6}  # a fifth of the 15 and 30 left
    assert count(splits, classes, "train") == {"A": 12, "B": 24}
    assert "20 % of the training images of each class, cut by patient (seed 0)" in rule
    assert "no test part; 25 % became it, cut in the same way" in rule


def test_the_sets_own_test_part_stays_and_its_own_val_part_is_unused():
    classes, patients = A20_B40
    found = (["train"] * 15 + ["test"] * 4 + ["val"]) + (["train"] * 30 + ["test"] * 9 + ["val"])
    splits, rule = assign(found, classes, patients)
    assert [s for s, f in zip(splits, found, strict=True) if f == "test"] == ["test"] * 13
    assert [s for s, f in zip(splits, found, strict=True) if f == "val"] == ["unused"] * 2
    assert count(splits, classes, "val") == {"A": 3, "B": 6}
    assert rule.endswith("The set's own 2 `val` images are not used.")


def test_a_fraction_of_zero_takes_the_sets_own_val_part():
    classes, patients = A20_B40
    found = (["train"] * 15 + ["test"] * 4 + ["val"]) + (["train"] * 30 + ["test"] * 9 + ["val"])
    splits, rule = assign(found, classes, patients, val=0)
    assert splits.tolist() == found
    assert rule == "Validation is the set's own `val` part (2 images)."


def test_a_set_without_test_images_keeps_its_own_val_part_on_request():
    classes, patients = A20_B40
    found = (["train"] * 16 + ["val"] * 4) + (["train"] * 36 + ["val"] * 4)
    splits, _ = assign(found, classes, patients, val=0)
    assert count(splits, classes, "val") == {"A": 4, "B": 4}
    assert count(splits, classes, "test") == {"A": 4, "B": 9}  # a quarter of 16 and 36


@pytest.mark.parametrize("seed", range(5))
def test_patients_are_never_divided_and_shares_come_near(seed):
    rng = np.random.default_rng(seed)
    patients = np.array([f"p{n}" for n in rng.integers(0, 150, 600)])
    classes = np.where(rng.random(600) < 0.25, "A", "B").tolist()  # one patient may have images of both
    splits, _ = assign([None] * 600, classes, patients, seed=seed)
    for patient in set(patients):
        assert len(set(splits[patients == patient])) == 1
    for name in "AB":
        test, val = (count(splits, classes, split)[name] for split in ("test", "val"))
        assert abs(test - 0.25 * classes.count(name)) <= 3
        assert abs(val - 0.2 * (classes.count(name) - test)) <= 3


def test_the_same_seed_gives_the_same_patients_in_whatever_order_they_come():
    labels, patients = np.repeat([0, 1], 50), np.array([f"p{n // 2}" for n in range(100)])
    order = np.random.default_rng(3).permutation(100)
    first = choose_patients(labels, patients, 0.32, np.random.default_rng(7))
    again = choose_patients(labels[order], patients[order], 0.32, np.random.default_rng(7))
    other = choose_patients(labels, patients, 0.32, np.random.default_rng(8))
    assert set(patients[first]) == set(patients[order][again])
    assert set(patients[first]) != set(patients[other])
    assert first.sum() == 32  # 8 of 25 patients with 2 images, in each class


def test_a_class_of_few_large_patients_gives_its_smallest_one():
    labels = np.array([0] * 40 + [1] * 30)
    patients = np.array([f"a{n}" for n in range(40)] + ["big"] * 12 + ["small"] * 8 + ["middle"] * 10)
    # Any of the three would overshoot a twentieth of 30 by more than it falls short of it without.
    chosen = choose_patients(labels, patients, 0.05, np.random.default_rng(0))
    assert set(patients[chosen & (labels == 1)]) == {"small"}
    assert chosen[labels == 0].sum() == 2


def test_too_few_training_images():
    with pytest.raises(
        InputError, match=r"few images: A 7, B 20\. .* at least 8 training images of every class\. Add images"
    ):
        assign([None] * 27, ["A"] * 7 + ["B"] * 20, [f"p{n}" for n in range(27)])


def test_too_few_training_images_once_the_other_parts_are_cut_off():
    with pytest.raises(InputError, match=r"lower data.val_fraction and data.test_fraction"):
        assign([None] * 30, ["A"] * 10 + ["B"] * 20, [f"p{n}" for n in range(30)])


def test_a_class_of_one_patient():
    with pytest.raises(
        InputError, match=r"All training images of A are of one patient.* test part takes whole patients"
    ):
        assign([None] * 40, ["A"] * 20 + ["B"] * 20, ["same"] * 20 + [f"p{n}" for n in range(20)])


def test_a_class_without_test_images():
    found = ["train"] * 20 + ["train"] * 20 + ["test"] * 5
    with pytest.raises(InputError, match=r"A 0, B 5\..* at least 1 test image of every class"):
        assign(found, ["A"] * 20 + ["B"] * 25, [f"p{n}" for n in range(45)])


def test_no_val_part_at_all():
    with pytest.raises(InputError, match=r"at least 1 validation image .* Set data\.val_fraction above 0"):
        assign(["train"] * 40 + ["test"] * 2, ["A", "B"] * 21, [f"p{n}" for n in range(42)], val=0)


@pytest.mark.parametrize(
    ("val", "setting", "fraction"),
    [
        ({"A": 20, "B": 50}, "auto", 0.0),
        ({"A": 19, "B": 50}, "auto", 0.15),  # fewer than twenty
        ({"A": 20, "B": 49}, "auto", 0.15),  # less than a twentieth
        ({"A": 0, "B": 0}, "auto", 0.15),
        ({"A": 20, "B": 50}, 0.3, 0.3),
        ({"A": 1, "B": 1}, 0.0, 0.0),
    ],
)
def test_a_sets_own_validation_part_is_used_where_it_suffices(val, setting, fraction):
    images = [("train", "A")] * 400 + [("train", "B")] * 1000
    images += [("val", name) for name, number in val.items() for _ in range(number)]
    assert validation_fraction(setting, *zip(*images, strict=True)) == fraction
