"""Warnings about a data set: a kind with its values, and the sentence for each kind."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

_MOST_NAMED = 5


@dataclass(frozen=True)
class DataWarning:
    """One warning; `values` holds JSON values only and its keys depend on `kind`."""

    kind: str
    values: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        return warning_text(self.kind, self.values)


def warning_text(kind: str, values: Mapping[str, Any]) -> str:
    """The sentence for a warning in data.json, without a full stop at the end."""
    return _TEXTS[kind](values) if kind in _TEXTS else f"{kind}: {dict(values)}"


def _no_patients(values: Mapping[str, Any]) -> str:
    return (
        f"No patients recognized in the names of {values['images']} images: the splits are by image, so images of one "
        "patient may be in several splits and results may be too good. Set data.patient_pattern, or list the images "
        "in a CSV file with a patient column"
    )


def _some_patients(values: Mapping[str, Any]) -> str:
    return (
        f"Patients recognized for {values['recognized']} of {values['images']} images only; each of the others, such "
        f"as {values['example']}, counts as a patient of its own"
    )


def _masks(values: Mapping[str, Any]) -> str:
    return f"{values['count']} segmentation masks are left out, such as {values['example']}"


def _other_formats(values: Mapping[str, Any]) -> str:
    by_suffix = ", ".join(f"{count} {suffix}" for suffix, count in values["by_suffix"].items())
    read = ", ".join(values["read"])
    return f"Files of other formats are left out: {by_suffix}, such as {values['example']} (images are {read})"


def _unreadable_files(values: Mapping[str, Any]) -> str:
    named = "; ".join(f"{entry['file_name']}: {entry['reason']}" for entry in values["examples"])
    more = values["count"] - len(values["examples"])
    rest = f"; and {more} more" if more > 0 else ""
    return f"{values['count']} of {values['images']} image files cannot be read and are left out: {named}{rest}"


def _folders(sentence: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda values: sentence.format(named(values["folders"], values.get("count")))


_TEXTS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "no-patients": _no_patients,
    "some-patients": _some_patients,
    "masks": _masks,
    "other-formats": _other_formats,
    "unreadable-files": _unreadable_files,
    "unreadable-folders": _folders("Folders that cannot be read are left out: {}"),
    "repeated-folders": _folders("Linked folders that were already read are not read again: {}"),
    "empty-folders": _folders("Folders without images are not classes: {}"),
    "nested-copies": _folders("Folders that repeat the class folders beside them are left out: {}"),
    "unused-folders": _folders("Folders beside the splits are not used: {}"),
    "no-class": lambda values: f"{values['count']} images outside class folders are left out, in {values['folder']}",
    "not-utf-8": lambda values: (
        f"{values['count']} files are left out because their names are not valid UTF-8, such as {values['example']}"
    ),
}


def named(names: Sequence[str], count: int | None = None) -> str:
    """The first few of `count` names (by default, of all that are given), and how many more there are."""
    more = (count or len(names)) - min(len(names), _MOST_NAMED)
    rest = f" and {more} more" if more > 0 else ""
    return ", ".join(names[:_MOST_NAMED]) + rest
