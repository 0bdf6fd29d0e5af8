"""Shapes: the expected form of a JSON value, and how other values are reduced to it.

A shape turns any JSON value into what the report may rely on: every declared key is there, numbers are finite, texts
are printable, and lists hold elements of one kind. A value of the wrong kind is left out, and a sentence says so.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ganbal.report.page import printable

Shape = Callable[[Any, str, list[str]], Any]
"""(value, its place in the file, complaints to add to) → the value the report may rely on, or None."""

_LARGEST = 1e15
"""No count, score or duration of a run is larger: such a number is damage."""


def number(value: Any, place: str, complaints: list[str]) -> float | int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _LARGEST:
        return _refuse(value, place, "a number", complaints)
    return value


def text(value: Any, place: str, complaints: list[str]) -> str | None:
    if value is None:
        return None
    return printable(value) if isinstance(value, str) else _refuse(value, place, "a text", complaints)


def flag(value: Any, place: str, complaints: list[str]) -> bool | None:
    return value if value is None or isinstance(value, bool) else _refuse(value, place, "true or false", complaints)


def anything(value: Any, place: str, complaints: list[str]) -> Any:
    """A number, a text, a list or an object of such: the values of a warning."""
    if isinstance(value, list):
        return sequence(anything)(value, place, complaints)
    if isinstance(value, Mapping):
        return mapping(anything)(value, place, complaints)
    if isinstance(value, str):
        return printable(value)
    return value if isinstance(value, bool) else number(value, place, complaints)


def optional(shape: Shape) -> Shape:
    """None where the file has nothing, where the shape itself would fill in its keys."""

    def conform(value: Any, place: str, complaints: list[str]) -> Any:
        return None if value is None else shape(value, place, complaints)

    return conform


def sequence(shape: Shape) -> Shape:
    """A list; elements that do not conform are left out."""

    def conform(value: Any, place: str, complaints: list[str]) -> list[Any]:
        if not isinstance(value, list):
            return [] if value is None else _refuse(value, place, "a list", complaints) or []
        found = (shape(element, f"{place}[{number}]", complaints) for number, element in enumerate(value))
        return [element for element in found if element is not None]

    return conform


def mapping(shape: Shape) -> Shape:
    """Names with values of one kind; values that do not conform are left out."""

    def conform(value: Any, place: str, complaints: list[str]) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            return {} if value is None else _refuse(value, place, "a set of names", complaints) or {}
        found = {printable(str(name)): shape(inner, f"{place}.{name}", complaints) for name, inner in value.items()}
        return {name: inner for name, inner in found.items() if inner is not None}

    return conform


def record(needed: Sequence[str] = (), /, **fields: Shape) -> Shape:
    """An object with these keys. Without a `needed` one it does not conform; other missing ones become None or "
    "empty."""

    def conform(value: Any, place: str, complaints: list[str]) -> dict[str, Any] | None:
        if not isinstance(value, Mapping):
            if value is not None:
                _refuse(value, place, "an object", complaints)
                if needed:
                    return None
            value = {}
        found = {
            name: shape(value.get(name), f"{place}.{name}".lstrip("."), complaints) for name, shape in fields.items()
        }
        lacking = [name for name in needed if found[name] is None]
        if lacking:
            complaints.append(f"{place + ' ' if place else ''}lacks {', '.join(lacking)}")
            return None
        return found

    return conform


def _refuse(value: Any, place: str, expected: str, complaints: list[str]) -> Any:
    """None, with a complaint."""
    shown = printable(f"{value:.3g}" if isinstance(value, float) else str(value)[:40])
    complaints.append(f"{place or 'the file'} is {shown!r}, not {expected}")
    return None
