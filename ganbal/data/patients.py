"""Which person an image shows, as far as its file name tells."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

# The chest X-ray set names its files in two ways: person123_bacteria_4, and IM-0115-0001 or NORMAL2-IM-0666-0001-0002.
# The numbers that follow the person count images.
_PATTERNS = (
    re.compile(r"(?P<patient>person\d+)_(?:bacteria|virus)_\d+(?:_\d+)*"),
    re.compile(r"(?P<patient>(?:NORMAL\d*-)?IM-\d+)(?:-\d+)+"),
)


def patient_in_name(file_name: str) -> str | None:
    """The person named by a file name of a known pattern, else None.

    `person123_bacteria_4.jpeg` → `person123`; `IM-0115-0001.jpeg` → `IM-0115`;
    `NORMAL2-IM-0666-0001-0002.jpeg` → `NORMAL2-IM-0666`.
    """
    stem = PurePosixPath(file_name).stem
    for pattern in _PATTERNS:
        if match := pattern.fullmatch(stem):
            return match["patient"]
    return None


def patients_of(file_names: Sequence[str]) -> list[str]:
    """The person each image shows.

    A name of no known pattern counts as a person of its own, called by the stem. Where two files in different
    folders have the same such stem, nothing says that they show one person, so they are called by their whole path.

    Args:
        file_names: POSIX paths relative to the root of the set.
    """
    known = [patient_in_name(name) for name in file_names]
    stems = [PurePosixPath(name).stem for name in file_names]
    used: dict[str, int] = {}
    for stem, patient in zip(stems, known, strict=True):
        used[patient or stem] = used.get(patient or stem, 0) + 1
    return [
        patient or (stem if used[stem] == 1 else str(PurePosixPath(name).with_suffix("")))
        for name, stem, patient in zip(file_names, stems, known, strict=True)
    ]
