"""Which patient an image shows: from a CSV column, a pattern of the user's, or the usual names of folders and files."""

import posixpath
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ganbal.data.data_warnings import DataWarning
from ganbal.data.image_formats import stem_of
from ganbal.data.source import FoundImage
from ganbal.errors import InputError

_FILE_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # Chest X-ray (Kermany): person123_bacteria_4, IM-0115-0001, NORMAL2-IM-0666-0001-0002.
        r"(?P<patient>person\d+)_(?:bacteria|virus)_\d+(?:_\d+)*",
        r"(?P<patient>(?:NORMAL\d*-)?IM-\d+)(?:-\d+)+",
        # NIH ChestX-ray14: 00000013_005.
        r"(?P<patient>\d{8})_\d{3}",
        # Shenzhen and Montgomery tuberculosis sets: CHNCXR_0001_0.
        r"(?P<patient>(?:CHN|MCU)CXR_\d{4})_[01]",
        # EyePACS, ODIR: 10_left.
        r"(?P<patient>\d+)_(?:left|right)",
        # CBIS-DDSM: Mass-Training_P_00001_LEFT_CC.
        r"(?:.*_)?(?P<patient>P_\d{5})_(?:LEFT|RIGHT)(?:_.*)?",
        # TCGA, LIDC-IDRI, OASIS and ADNI.
        r"(?P<patient>TCGA[-_]\w\w[-_]\w{4})(?:[-_].*)?",
        r"(?P<patient>LIDC-IDRI-\d{4})(?:[-_].*)?",
        r"(?P<patient>OAS\d_\d{4})(?:_.*)?",
        r"(?:.*_)?(?P<patient>\d{3}_S_\d{4})(?:_.*)?",
        # patient00005_view1, sub-01_ses-02, case 7-3: the unit, its number, and something more.
        r"(?P<patient>(?:patient|subject|subj|sub|person|case|pat|pt)[-_ ]?\d+)[-_ .].+",
    )
)
# CheXpert: patient00005/study2/view1_frontal; MIMIC-CXR: p10000032; OSIC: ID00007637202177411956430.
_FOLDER_PATTERN = re.compile(
    r"(?:patient|subject|subj|sub|person|participant|volunteer|case|pat|pt)[-_ ]?\d+|p\d{5,}|ID\d{10,}"
    r"|TCGA[-_].+|LIDC-IDRI-\d{4}|OAS\d_\d{4}|(?:.*_)?\d{3}_S_\d{4}(?:_.*)?",
    re.IGNORECASE,
)

_VOLUME = "volume"


@dataclass(frozen=True)
class Patients:
    """The patient of every image.

    `ids` are in the order of the images; `counts` has the number of images whose patient was recognized in each way:
    "column", "pattern", "dicom", "folders", "names"; the others count as patients of their own. Slices whose patient
    is not recognized count under "volume": each volume is a patient of its own.
    """

    ids: list[str]
    counts: dict[str, int]
    example_unrecognized: str | None

    @property
    def num_recognized(self) -> int:
        return sum(number for way, number in self.counts.items() if way != _VOLUME)

    @property
    def unit(self) -> str:
        """What the splits are cut by, for a sentence, such as "patient" or "image: no patients recognized"."""
        if not self.num_recognized:
            return f"{'volume' if self.counts.get(_VOLUME) else 'image'}: no patients recognized"
        if self.num_recognized < len(self.ids):
            return f"patient, recognized for {self.num_recognized} of {len(self.ids)} images"
        return "patient"

    def warnings(self) -> list[DataWarning]:
        """Warnings about the patients."""
        if not self.num_recognized:
            return [DataWarning("no-patients", {"images": len(self.ids)})]
        if self.num_recognized == len(self.ids):
            return []
        values = {"images": len(self.ids), "recognized": self.num_recognized, "example": self.example_unrecognized}
        return [DataWarning("some-patients", values)]


def find_patients(
    images: Sequence[FoundImage], pattern: str | None = None, in_dicom: Sequence[str | None] = ()
) -> Patients:
    """Recognize the patient of every image.

    A CSV's column comes first, then `pattern`, then the tags of DICOM files, else the usual names of patient folders
    and of files; for slices the name is that of their volume. Where there are DICOM files, ids from their tags or from
    a column get pseudonyms such as `patient-0007`, numbered in the order of the images.

    Args:
        in_dicom: one id (or digest) of the patient in the tags per image, None where there is none; empty where no
            image is DICOM. If all images have the same, it is nobody's, and is not used.
        pattern: a regular expression that is searched in the file name with its folders; its group `patient`, else
            its first group, else the whole match is the patient.

    Raises:
        InputError: `pattern` matches no image.
    """
    compiled = re.compile(pattern) if pattern is not None else None
    has_dicom = any(id_ is not None for id_ in in_dicom)
    tags = list(in_dicom) if len(set(in_dicom)) > 1 else [None] * len(images)
    found = [_recognize(image, compiled, tag) for image, tag in zip(images, tags, strict=True)]
    if has_dicom:
        found = _with_pseudonyms(found)
    counts = Counter(way for _, way in found if way)
    names = [_given_name(image) for image in images]
    if images and compiled is not None and not counts["pattern"]:
        raise InputError(
            found=f"data.patient_pattern, {pattern!r}, matches none of {len(set(names))} file names, such as "
            f"{names[0]}.",
            expected="The pattern is searched in the path relative to the folder of the data set.",
            action="Correct the pattern, or remove it.",
        )
    unrecognized = next((name for name, (patient, _) in zip(names, found, strict=True) if patient is None), None)
    return Patients(_with_own_ids(names, [patient for patient, _ in found]), dict(counts), unrecognized)


def patient_in_name(file_name: str) -> str | None:
    """The patient named by the usual names of folders or files, else None.

    `person123_bacteria_4.jpeg` → `person123`; `IM-0115-0001.jpeg` → `IM-0115`;
    `NORMAL2-IM-0666-0001-0002.jpeg` → `NORMAL2-IM-0666`; `patient00005/study2/view1_frontal.jpg` → `patient00005`.
    """
    return _in_folders(file_name) or _in_stem(file_name)


def _with_pseudonyms(found: Sequence[tuple[str | None, str]]) -> list[tuple[str | None, str]]:
    secret = [way in ("column", "dicom") for _, way in found]
    names = dict.fromkeys(patient for (patient, _), is_secret in zip(found, secret, strict=True) if is_secret)
    pseudonyms = {patient: f"patient-{number:04d}" for number, patient in enumerate(names, 1)}
    return [
        (pseudonyms[patient] if is_secret else patient, way)
        for (patient, way), is_secret in zip(found, secret, strict=True)
    ]


def _recognize(image: FoundImage, pattern: re.Pattern[str] | None, in_dicom: str | None) -> tuple[str | None, str]:
    """The patient, and in which way it was recognized; None and "volume" or "" where it was not."""
    name, unrecognized = _given_name(image), (None, _VOLUME if image.volume else "")
    if image.patient is not None:
        return image.patient, "column"
    if pattern is not None:
        match = pattern.search(name)
        patient = match and match[_group_of(pattern)]
        return (patient, "pattern") if patient else unrecognized
    if in_dicom is not None:
        return in_dicom, "dicom"
    if patient := _in_folders(name):
        return patient, "folders"
    patient = _in_stem(name)
    return (patient, "names") if patient else unrecognized


def _given_name(image: FoundImage) -> str:
    """The path that the user gave the image, or the volume that it is a slice of."""
    return image.volume or image.file_name


def _group_of(pattern: re.Pattern[str]) -> str | int:
    return "patient" if "patient" in pattern.groupindex else min(1, pattern.groups)


def _in_folders(file_name: str) -> str | None:
    return next((name for name in file_name.split("/")[:-1] if _FOLDER_PATTERN.fullmatch(name)), None)


def _in_stem(file_name: str) -> str | None:
    stem = _stem(file_name)
    matches = (pattern.fullmatch(stem) for pattern in _FILE_PATTERNS)
    return next((match["patient"] for match in matches if match), None)


def _with_own_ids(file_names: Sequence[str], patients: Sequence[str | None]) -> list[str]:
    """An id for every file without a recognized patient: its stem, or its path where other files have that stem."""
    patient_of = dict(zip(file_names, patients, strict=True))  # slices of a volume share its name
    used = Counter(patient or _stem(name) for name, patient in patient_of.items())
    own = {name: _stem(name) if used[_stem(name)] == 1 else stem_of(name) for name in patient_of}
    return [patient or own[name] for name, patient in zip(file_names, patients, strict=True)]


def _stem(file_name: str) -> str:
    return stem_of(posixpath.basename(file_name))
