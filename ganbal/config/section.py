"""What all sections of the settings have in common."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator

from classifiers.errors import ClassifierInputError

LARGEST_NUMBER = 10**9
"""No setting has a meaning beyond this; most fields have a narrower range of their own."""
_LONGEST_TEXT = 1000


class Section(BaseModel):
    """Typed and frozen; unknown names, numbers that are not finite and unprintable text are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    @field_validator("*", mode="before")
    @classmethod
    def _value_is_sane(cls, value: Any, field: ValidationInfo) -> Any:
        annotation = cls.model_fields[str(field.field_name)].annotation
        if not (isinstance(annotation, type) and issubclass(annotation, Section)):  # a section checks its own fields
            for leaf in _leaves(value):
                if (mistake := _mistake(leaf)) is not None:
                    raise ValueError(mistake)
        return value


@contextmanager
def as_value_error() -> Iterator[None]:
    """Turn a wrong name of a network into the error that a validator raises."""
    try:
        yield
    except ClassifierInputError as error:
        raise ValueError(str(error)) from error


def _leaves(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        for name, entry in value.items():
            yield name
            yield from _leaves(entry)
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from _leaves(entry)
    else:
        yield value


def _mistake(value: Any) -> str | None:
    if isinstance(value, int | float) and not abs(value) <= LARGEST_NUMBER:  # also catches NaN
        return f"must be a finite number of at most {LARGEST_NUMBER:,}"
    if isinstance(value, str):
        if len(value) > _LONGEST_TEXT:
            return f"must have at most {_LONGEST_TEXT} characters"
        if any(ord(character) < 32 or ord(character) == 127 for character in value):
            return "must not contain control characters"
    return None
