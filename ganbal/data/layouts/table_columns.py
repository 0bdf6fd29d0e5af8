"""Which column of a table says what of an image: by the settings, else by the usual names."""

import difflib
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from ganbal.config import DataConfig
from ganbal.data.folder_names import split_of
from ganbal.data.layouts.table_text import TextTable

Role = Literal["path", "label", "split", "patient"]

_USUAL_TEXT: dict[Role, str] = {
    "path": "file_name file file_path image_path image_file image_name image_id image_index image img img_name img_id "
    "img_path id id_code dicom_id uid study_uid",
    "label": "labels class class_name category target diagnosis dx finding findings finding_labels disease pathology "
    "outcome",
    "split": "",
    "patient": "patient_id patient_name subject subject_id person_id participant_id case_id",
}
USUAL_COLUMNS: dict[Role, tuple[str, ...]] = {role: (role, *text.split()) for role, text in _USUAL_TEXT.items()}
"""Names by which columns are recognized; case, spaces and underscores make no difference. `path`, `label`, `split` and
`patient` come first; of the others, two in one table are ambiguous."""
_OPTIONS: dict[Role, str] = {"path": "--path-column", "label": "--label-column", "patient": "--patient-column"}
_LIKE_A_MISTYPED_ONE = 0.8


@dataclass(frozen=True)
class Columns:
    """Index of the column of each role; None where there is none. `mistakes` are phrases for an error."""

    path: int | None
    label: int | None
    split: int | None
    patient: int | None
    mistakes: tuple[str, ...]


def choose_columns(header: Sequence[str], config: DataConfig) -> Columns:
    """Find the column of each role.

    A column `path` or `label` that is missing is no mistake yet: the classes may be columns, and paths patient ids.
    """
    chooser = _Chooser(header)
    patient = chooser.choose("patient", config.patient_column)
    path = chooser.choose("path", config.path_column)
    if path is None and config.path_column is None and patient is not None:
        path = patient  # RSNA: one image per patient, named by the patient
    label = chooser.choose("label", config.label_column)
    split = chooser.choose("split", config.split_column)
    chooser.suggest({"path": path, "label": label, "split": split, "patient": patient})
    return Columns(path, label, split, patient, tuple(chooser.mistakes))


def count_recognized(header: Sequence[str], config: DataConfig) -> int:
    """How many columns have a usual name or one that the settings name."""
    given = (config.path_column, config.label_column, config.split_column, config.patient_column)
    wanted = {_simple(name) for name in (*given, config.one_versus_rest) if name}
    wanted |= {_simple(name) for names in USUAL_COLUMNS.values() for name in names}
    return sum(_simple(name) in wanted for name in header)


def split_mistakes(table: TextTable, used: Collection[int | None]) -> list[str]:
    """A mistake for every other column that holds splits and nothing else: its images must not be mixed silently."""
    mistakes = []
    for index, name in enumerate(table.header):
        values = {row.cells[index] for row in table.rows if index < len(row.cells)}
        splits = {split_of(value) for value in values}
        if index not in used and None not in splits and len(splits) > 1:
            mistakes.append(
                f"line 1: column `{name}` holds splits ({', '.join(sorted(values))}); name it with "
                f"--set 'data.split_column={name}', or ignore all splits with --set data.resplit=true"
            )
    return mistakes


def option_of(role: Role) -> str:
    """How a user names the column."""
    return _OPTIONS.get(role, f"--set data.{role}_column=NAME")


class _Chooser:
    """Chooses columns one after another and collects mistakes."""

    def __init__(self, header: Sequence[str]) -> None:
        self.header = list(header)
        self.simple = [_simple(name) for name in header]
        self.mistakes: list[str] = []

    def choose(self, role: Role, given: str | None) -> int | None:
        if given is not None:
            return self._given(role, given)
        if role in self.simple:
            if self.simple.count(role) > 1:
                self.mistakes.append(f"line 1: more than one column `{role}`")
            return self.simple.index(role)
        usual = {_simple(name) for name in USUAL_COLUMNS[role]}
        found = [index for index, name in enumerate(self.simple) if name in usual]
        if len(found) > 1:
            self.mistakes.append(
                f"line 1: {_listed(self.header[index] for index in found)} may each be the column of the {role}; "
                f"name it with {option_of(role)}"
            )
        return found[0] if found else None

    def suggest(self, chosen: dict[Role, int | None]) -> None:
        """A column that nearly has the name of a missing one is a mistake, not a column of something else."""
        missing = [role for role, index in chosen.items() if index is None]
        for index, name in enumerate(self.simple):
            near = difflib.get_close_matches(name, missing, n=1, cutoff=_LIKE_A_MISTYPED_ONE)
            if near and index not in chosen.values():
                self.mistakes.append(f"line 1: column `{self.header[index]}` is not known; did you mean `{near[0]}`?")

    def _given(self, role: Role, given: str) -> int | None:
        exact = [index for index, name in enumerate(self.header) if name.strip().lower() == given.strip().lower()]
        found = exact or [index for index, name in enumerate(self.simple) if name == _simple(given)]
        if len(found) == 1:
            return found[0]
        problem = "more than one" if found else "no"
        self.mistakes.append(f"line 1: {problem} column `{given}` (data.{role}_column) among: {', '.join(self.header)}")
        return None


def _listed(names: Iterable[str]) -> str:
    return " and ".join(f"`{name}`" for name in names)


def _simple(name: str) -> str:
    return re.sub(r"[\s_.-]+", "", name).lower()
