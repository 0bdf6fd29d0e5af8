"""What the splits of a data set share: patients, and files with the same bytes."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from ganbal.data.data_warnings import DataWarning
from ganbal.data.image_table import SPLITS

_GUESSED = ("names", "folders", "volume")
"""Ways of `Patients.counts` that guess: ids in names may start again, or mean someone else, in every split, and a
volume is not a patient."""


def are_certain(counts: Mapping[str, int]) -> bool:
    """Whether equal patient ids are the same person.

    Args:
        counts: images whose patient was recognized, by the way.
    """
    return bool(counts) and not any(counts.get(way) for way in _GUESSED)


def shared_patients(frame: pd.DataFrame) -> list[tuple[str, str, list[str]]]:
    """The patient ids that two splits share, sorted, for every pair of splits with images."""
    patients = {name: set(frame.loc[frame["split"] == name, "patient"]) for name in SPLITS}
    present = [name for name in SPLITS if patients[name]]
    return [(first, second, sorted(patients[first] & patients[second])) for first, second in combinations(present, 2)]


def leakage_warnings(frame: pd.DataFrame, counts: Mapping[str, int]) -> Iterator[DataWarning]:
    """Warnings about the same patient or file in several splits, and about one file with several classes.

    Args:
        frame: that of an `ImageTable`.
        counts: as in `are_certain`; patients that are guessed cause no warning here.
    """
    used = [(*pair, ids) for *pair, ids in shared_patients(frame) if ids and "unused" not in pair]
    if used and are_certain(counts):
        places = [f"{len(ids)} in {first} and {second}" for first, second, ids in used]
        yield DataWarning("patients-across-splits", {"places": places})
    groups = frame[frame["split"] != "unused"].groupby("sha256", sort=False)
    if across := int((groups["split"].nunique() > 1).sum()):
        yield DataWarning("duplicates-across-splits", {"groups": across})
    classes = groups["class_name"].nunique()
    if contradictory := list(classes.index[classes > 1]):
        example = frame.loc[frame["sha256"] == contradictory[0], "file_name"].tolist()[:2]
        yield DataWarning("conflicting-labels", {"groups": len(contradictory), "example": example})


def joined_patients(patients: Sequence[str], digests: Sequence[str]) -> list[str]:
    """Ids under which patients that share a file count as one.

    Args:
        patients, digests: (N,) the patient and the content of every image.
    """
    names, patient_of_image = np.unique(np.asarray(patients, dtype=str), return_inverse=True)
    representative = np.arange(len(names))

    def find(index: int) -> int:
        while representative[index] != index:
            index = representative[index]
        return index

    first_with: dict[str, int] = {}
    for patient, digest in zip(patient_of_image.tolist(), digests, strict=True):
        one, other = find(patient), find(first_with.setdefault(digest, patient))
        representative[max(one, other)] = min(one, other)
    return [str(names[find(patient)]) for patient in patient_of_image.tolist()]


def are_cut_apart(found: Sequence[str | None], splits: np.ndarray, digests: Sequence[str]) -> bool:
    """Whether files with the same bytes that were in one split are in several now.

    Args:
        found: (N,) the split on disk, None where there is none.
        splits: (N,) as assigned.
    """
    places = {(digest, split or "train") for digest, split in zip(digests, found, strict=True)}
    now = {(digest, split or "train", place) for digest, split, place in zip(digests, found, splits, strict=True)}
    return len(now) > len(places)
