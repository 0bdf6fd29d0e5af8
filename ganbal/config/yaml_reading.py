"""YAML as settings need it: no tags, aliases or repeated keys, and plain text stays text where a name is expected."""

import re
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

import yaml
from pydantic import BaseModel

_MOST_BYTES = 1_000_000
_NULLS = {"", "~", "null", "Null", "NULL"}
_TRUE, _FALSE = {"true", "True", "TRUE"}, {"false", "False", "FALSE"}
_INTEGER = re.compile(r"[-+]?[0-9]{1,20}")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?")
_SPECIAL = {".inf": "inf", "+.inf": "inf", "-.inf": "-inf", ".nan": "nan"}


class SettingsSyntaxError(ValueError):
    """The text is not YAML, or uses what settings do not need."""


class _Plain(str):
    """A scalar without quotation marks: its type depends on the field."""

    __slots__ = ()


def read_yaml_file(file: Path, model: type[BaseModel]) -> Any:
    """The content of a YAML file, typed as `model` expects it.

    Raises:
        OSError: it cannot be read, or is not a regular file.
        SettingsSyntaxError: it is not UTF-8, or not YAML as described above.
    """
    status = file.stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError("it is not a regular file")
    if status.st_size > _MOST_BYTES:
        raise OSError(f"it has {status.st_size / 1e6:.0f} MB, too much for settings")
    try:
        return parse_yaml(file.read_bytes().decode("utf-8-sig"), model)
    except UnicodeDecodeError as error:
        raise SettingsSyntaxError(f"it is not UTF-8 text ({error.reason} at byte {error.start})") from error


def parse_yaml(text: str, annotation: Any) -> Any:
    """The content of a YAML text, typed as `annotation` (a model or a field's type) expects it.

    Strings in quotation marks stay strings. Of plain scalars, `null` and `~` are None, `true` and `false` are booleans,
    numbers are numbers; but where a name is expected, `no`, `007`, `1e3` and `None` stay what was written.

    Raises:
        SettingsSyntaxError: as for `read_yaml_file`.
    """
    try:
        return _typed(yaml.load(text, Loader=_Loader), annotation)
    except RecursionError as error:
        raise SettingsSyntaxError("it is nested too deeply") from error
    except (yaml.YAMLError, ValueError) as error:
        raise SettingsSyntaxError(" ".join(str(error).split())) from error


class _Loader(yaml.SafeLoader):
    """Mappings, sequences and text only."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise yaml.YAMLError(f"anchors and aliases are not supported{_place(event)}")
        if getattr(event, "tag", None) not in (None, "!"):
            raise yaml.YAMLError(f"tags such as {event.tag[:40]} are not supported{_place(event)}")
        return super().compose_node(parent, index)

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node)
        if isinstance(node, yaml.SequenceNode):
            return [self.construct_object(child) for child in node.value]
        return _Plain(node.value) if node.style is None else node.value

    def _mapping(self, node: yaml.MappingNode) -> dict[str, Any]:
        content: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.YAMLError(f"a name is expected before the colon{_place(key)}")
            if key.value in content:
                raise yaml.YAMLError(f"{key.value[:40]} is given twice{_place(key)}")
            content[key.value] = self.construct_object(value)
        return content


def _place(node: Any) -> str:
    return f" (line {node.start_mark.line + 1})" if node.start_mark is not None else ""


def _typed(value: Any, annotation: Any) -> Any:
    """`value` with every plain scalar converted as its place in the annotated type demands."""
    if isinstance(value, Mapping):
        fields = _fields(annotation)
        return {str(name): _typed(entry, fields.get(name, annotation)) for name, entry in value.items()}
    if isinstance(value, list):
        return [_typed(entry, annotation) for entry in value]
    if not isinstance(value, _Plain):
        return value
    found = _resolved(str(value))
    types = _types(annotation)
    return str(value) if types & {str, Path} and type(found) not in types else found


def _resolved(text: str) -> Any:
    if text in _NULLS:
        return None
    if text in _TRUE | _FALSE:
        return text in _TRUE
    if _INTEGER.fullmatch(text):
        return int(text)
    if len(text) < 40 and _NUMBER.fullmatch(text):
        return float(text)
    return float(_SPECIAL[text.lower()]) if text.lower() in _SPECIAL else text


def field_type(annotation: Any, path: Sequence[str]) -> Any:
    """Type of the field at `path` below a model; Any where there is no such field."""
    for name in path:
        annotation = _fields(annotation).get(name, Any)
    return annotation


def _fields(annotation: Any) -> dict[str, Any]:
    """Types of a model's fields by name; empty for every other type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {name: field.annotation for name, field in annotation.model_fields.items()}
    return {}


def _types(annotation: Any) -> set[type]:
    """All plain types inside an annotation: `tuple[str, ...] | None` gives str and NoneType."""
    if get_origin(annotation) is Literal:
        return {type(value) for value in get_args(annotation)} - {str}
    if annotation is None:
        return {NoneType}
    found = {annotation} if isinstance(annotation, type) else set()
    for part in get_args(annotation):
        found |= _types(part)
    return found
