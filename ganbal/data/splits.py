"""Assigns every image to training, validation or test: labels, patients and a seed in, split names out."""

from collections import Counter
from collections.abc import Sequence
from typing import Literal

import numpy as np

from ganbal.errors import InputError

_USUAL_FRACTION = 0.15
_MIN_OWN_IMAGES, _MIN_OWN_SHARE = 20, 0.05
"""Of every class, for a set's own validation part to be used."""
MIN_TRAIN_IMAGES = 8
"""Fewest training images of a class; nothing is learned from fewer."""


def validation_fraction(
    setting: float | Literal["auto"], found: Sequence[str | None], class_names: Sequence[str]
) -> float:
    """The fraction of training images that `assign_splits` cuts off for validation; 0 for the set's own part.

    Args:
        setting: `auto` takes the set's own part where it is large enough to choose a classifier on.
        found: (N,) "train", "val" or "test" as on disk, or None.
        class_names: (N,)
    """
    if setting != "auto":
        return setting
    counts = Counter(zip(found, class_names, strict=True))
    suffices = all(
        counts["val", name] >= max(_MIN_OWN_IMAGES, _MIN_OWN_SHARE * counts["train", name]) for name in set(class_names)
    )
    return 0.0 if suffices else _USUAL_FRACTION


def assign_splits(
    found: Sequence[str | None],
    class_names: Sequence[str],
    patients: Sequence[str],
    *,
    val_fraction: float,
    test_fraction: float,
    seed: int,
    unit: str = "patient",
) -> tuple[np.ndarray, str]:
    """Assign every image to a split.

    Where the set has no test images, `test_fraction` of its training images become the test part. Then validation is
    cut from the remaining training images, and the set's own validation images become "unused"; with `val_fraction` 0
    they are used instead. Every cut takes whole patients and the same share of every class, as closely as whole
    patients allow.

    Args:
        found: (N,) "train", "val" or "test" as on disk; None, which counts as "train", where the set has no splits.
        class_names: (N,)
        patients: (N,)
        unit: what the cuts go by, in words for the sentence.

    Returns:
        (N,) array of "train", "val", "test" or "unused", and a sentence that says where validation comes from.

    Raises:
        InputError: a class has too few images or patients for all splits.
    """
    splits = np.array([split or "train" for split in found], dtype=object)
    classes = sorted(set(class_names))
    labels = np.array([classes.index(name) for name in class_names], dtype=np.int64)
    identities = np.asarray(patients, dtype=object)
    rng = np.random.default_rng(seed)
    _check_part(splits, labels, classes, "train")
    test_rule = ""
    if not (splits == "test").any():
        _cut(splits, labels, identities, classes, "test", test_fraction, rng)
        test_rule = f" The set has no test part; {test_fraction * 100:g} % became it, cut in the same way."
    if val_fraction == 0:
        rule = f"Validation is the set's own `val` part ({int((splits == 'val').sum())} images)."
    else:
        own = int((splits == "val").sum())
        splits[splits == "val"] = "unused"
        _cut(splits, labels, identities, classes, "val", val_fraction, rng)
        share = f"{val_fraction * 100:g} % of the training images of each class"
        rule = f"Validation is {share}, cut by {unit} (seed {seed})."
        if own:
            rule += f" The set's own {own} `val` images are not used."
    for split in ("train", "val", "test"):
        _check_part(splits, labels, classes, split)
    return splits, rule + test_rule


def choose_patients(labels: np.ndarray, patients: np.ndarray, fraction: float, rng: np.random.Generator) -> np.ndarray:
    """Choose whole patients that together have about `fraction` of the images of each class.

    Patients are visited in random order, and chosen (or, in later rounds, returned) whenever that brings the shares of
    the classes closer to `fraction`. Then the smallest patient of each class without a chosen one is chosen, as long
    as the class keeps another one.

    Args:
        labels: (N,) integers.
        patients: (N,) names.

    Returns:
        (N,) bool.
    """
    names, patient_of_image = np.unique(patients.astype(str), return_inverse=True)
    class_values, class_of_image = np.unique(labels, return_inverse=True)
    images_of = np.zeros((len(names), len(class_values)))  # (patients, classes): number of images
    np.add.at(images_of, (patient_of_image, class_of_image), 1)
    totals = images_of.sum(axis=0)
    shares = images_of / totals
    taken = np.zeros(len(names), dtype=bool)
    lacking = np.full(len(class_values), fraction)
    order, changed = rng.permutation(len(names)), True
    while changed:  # ends, because every change brings the shares closer
        changed = False
        for patient in order:
            after = lacking + shares[patient] if taken[patient] else lacking - shares[patient]
            if (after**2).sum() < (lacking**2).sum() - 1e-12:
                taken[patient], lacking, changed = not taken[patient], after, True
    for label in range(len(class_values)):
        _take_one_of(label, images_of, taken)
    return taken[patient_of_image]


def _check_part(splits: np.ndarray, labels: np.ndarray, classes: Sequence[str], split: str) -> None:
    """Check that a split has enough images of every class.

    Raises:
        InputError: it has not.
    """
    least = MIN_TRAIN_IMAGES if split == "train" else 1
    counts = np.bincount(labels[splits == split], minlength=len(classes))
    if counts.min() < least:
        raise InputError(
            found=f"The {_TITLES[split]} part has too few images: "
            f"{', '.join(f'{name} {count}' for name, count in zip(classes, counts, strict=True))}.",
            expected=f"It needs at least {least} {_TITLES[split]} image{'s' if least > 1 else ''} of every class.",
            action=_ACTIONS[split],
        )


_TITLES = {"train": "training", "val": "validation", "test": "test"}
_ACTIONS = {
    "train": "Add images, or remove the class; with few images, lower data.val_fraction and data.test_fraction.",
    "val": "Set data.val_fraction above 0, so that validation is cut from the training images of enough patients.",
    "test": "Add test images of the class, remove it, or remove the test part so that one is cut from the rest.",
}


def _cut(
    splits: np.ndarray,
    labels: np.ndarray,
    patients: np.ndarray,
    classes: Sequence[str],
    target: str,
    fraction: float,
    rng: np.random.Generator,
) -> None:
    """Move `fraction` of the training images to `target`, in place."""
    rows = np.flatnonzero(splits == "train")
    for label, name in enumerate(classes):
        if (labels[rows] == label).sum() > 0 and len(set(patients[rows][labels[rows] == label])) < 2:
            raise InputError(
                found=f"All training images of {name} are of one patient.",
                expected=f"The {_TITLES[target]} part takes whole patients, so that every class needs images of two "
                "patients or more.",
                action="Correct the patient column or the file names, or add images of other patients.",
            )
    if len(rows):
        splits[rows[choose_patients(labels[rows], patients[rows], fraction, rng)]] = target


def _take_one_of(label: int, images_of: np.ndarray, taken: np.ndarray) -> None:
    if (images_of[taken, label] > 0).any():
        return
    left_with = images_of[~taken].astype(bool).sum(axis=0)
    owners = np.flatnonzero((images_of[:, label] > 0) & ~taken)
    for patient in owners[np.argsort(images_of[owners].sum(axis=1), kind="stable")]:
        if (left_with[images_of[patient] > 0] > 1).all():
            taken[patient] = True
            return
