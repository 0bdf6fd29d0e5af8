"""Settings from a YAML file and `--set section.field=value`, and back; one message reports all mistakes."""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

import yaml
from pydantic import BaseModel, ValidationError

from ganbal.config.gan import GAN_PRESETS
from ganbal.config.given_paths import check_paths_of_settings
from ganbal.config.presets import preset_file
from ganbal.config.whole import Config
from ganbal.config.yaml_reading import SettingsSyntaxError, field_type, parse_yaml, read_yaml_file
from ganbal.errors import InputError, reason_of
from ganbal.runtime.device import check_gpu


def load_config(
    file: Path | None,
    assignments: Sequence[str] = (),
    base: Mapping[str, Any] | None = None,
    preset: str | None = None,
) -> Config:
    """Combine the settings: defaults, then `base`, then `preset`, then the YAML `file`, then the assignments.

    Raises:
        InputError: a file cannot be read, or any name or value is wrong; the message lists every mistake.
    """
    config, mistakes = _combine(file, assignments, base, preset)
    if config is None:
        raise _input_error(mistakes, file, assignments, has_base=bool(base))
    return config


def check_given_settings(preset: str | None, file: Path | None, assignments: Sequence[str]) -> None:
    """Check what was typed without knowing the run's own settings, and before anything heavy is imported.

    Raises:
        InputError: a file cannot be read, a name or value is wrong, there is nothing at a path, or no GPU.
    """
    config, mistakes = _combine(file, assignments, None, preset)
    # A rule about several fields may be met together with the run's own settings.
    mistakes = [mistake for mistake in mistakes if not mistake.is_about_several_fields]
    if mistakes:
        raise _input_error(mistakes, file, assignments)
    if config is not None:
        check_paths_of_settings(config)
        check_gpu(config.device)


@dataclass(frozen=True)
class _Mistake:
    """What is wrong with a field of this name (empty for an assignment that names none), and where it was given."""

    text: str
    field: str = ""
    is_about_several_fields: bool = False


def _combine(
    file: Path | None, assignments: Sequence[str], base: Mapping[str, Any] | None, preset: str | None
) -> tuple[Config | None, list[_Mistake]]:
    given: dict[str, Any] = read_settings(preset_file(preset)) if preset is not None else {}
    _merge(given, read_settings(file) if file is not None else {})
    found: list[str] = []
    for assignment in assignments:
        _assign(given, assignment, found)
    mistakes = [_Mistake(text) for text in found]
    settings = _without_old_counts(_without_old_preset(_deep_copy(base or {}), given), given)
    _merge(settings, given)
    try:
        config = Config.model_validate(settings)
    except ValidationError as error:
        return None, [*mistakes, *map(_describe, _one_per_field(error.errors()))]
    return (None if mistakes else config), mistakes


def _input_error(
    mistakes: Sequence[_Mistake], file: Path | None, assignments: Sequence[str], has_base: bool = False
) -> InputError:
    listed = "\n  ".join(mistake.text for mistake in mistakes)
    return InputError(
        found=f"The settings have {len(mistakes)} mistake{'s' if len(mistakes) > 1 else ''}:\n  {listed}",
        expected="Every setting needs a name that ganbal knows and a value that it can use.",
        action=f"Correct {'them' if len(mistakes) > 1 else 'it'} in {_origin(mistakes, file, assignments, has_base)}; "
        "`ganbal config` lists every setting.",
    )


def _origin(mistakes: Sequence[_Mistake], file: Path | None, assignments: Sequence[str], has_base: bool) -> str:
    """Where the mistakes were made: the options of the command, the file, the run's own settings."""
    options, other = "the options of the command", str(file) if file else "the run's config.yaml" if has_base else ""
    named = [f"{assignment.partition('=')[0].strip()}." for assignment in assignments]
    in_options = [
        not mistake.field or any(_one_begins_with_other(f"{mistake.field}.", name) for name in named)
        for mistake in mistakes
    ]
    if not other or all(in_options):
        return options
    return f"{other} and {options}" if any(in_options) else other


def _one_begins_with_other(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def dump_config(config: Config) -> str:
    """The settings as YAML that `load_config` reads back to an equal Config."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def _without_old_preset(base: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """A preset named now overrides what an earlier one had filled in; otherwise the settings would not match its
    name."""
    now, gan = given.get("gan"), base.get("gan")
    if isinstance(now, Mapping) and "preset" in now and isinstance(gan, dict):
        base["gan"] = {name: value for name, value in gan.items() if name not in GAN_PRESETS["dcgan"]}
    return base


def _without_old_counts(base: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Counts of images named now replace those named earlier; they are not to be merged as sections are."""
    now, synthesis = given.get("synthesis"), base.get("synthesis")
    if isinstance(now, Mapping) and "num_images" in now and isinstance(synthesis, dict):
        synthesis.pop("num_images", None)
    return base


def read_settings(file: Path, advice: str = "Give --config a readable YAML file, or use --preset quick.") -> Any:
    """The sections and fields in a YAML file, not validated.

    Raises:
        InputError: it cannot be read or is no mapping; `advice` says what to do.
    """
    try:
        content = read_yaml_file(file, Config)
    except (OSError, ValueError) as error:
        raise InputError(
            found=f"The file of settings {file} cannot be read: {reason_of(error)}.",
            expected="It must be a YAML file with sections of settings.",
            action=advice,
        ) from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise InputError(
            found=f"The file of settings {file} holds a {type(content).__name__}.",
            expected="It must hold sections with fields, such as `gan: {steps: 2000}`.",
            action=advice,
        )
    return content


def _assign(settings: dict[str, Any], assignment: str, mistakes: list[str]) -> None:
    name, equals, text = assignment.partition("=")
    if not equals or not name.strip():
        mistakes.append(f"--set {_short(assignment)}: write it as section.field=value, e.g. gan.steps=2000")
        return
    try:
        value = parse_yaml(text, field_type(Config, name.strip().split(".")))
    except SettingsSyntaxError as error:
        mistakes.append(f"--set {_short(assignment)}: the value cannot be read: {error}")
        return
    *sections, field = name.strip().split(".")
    place = settings
    for section in sections:
        if not isinstance(place.setdefault(section, {}), dict):
            mistakes.append(f"--set {_short(assignment)}: {section} is a value, not a section")
            return
        place = place[section]
    place[field] = value


def _merge(settings: dict[str, Any], additions: Mapping[str, Any]) -> None:
    for name, value in additions.items():
        if isinstance(value, dict) and isinstance(settings.get(name), dict):
            _merge(settings[name], value)
        else:
            settings[name] = value


def _deep_copy(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _deep_copy(value) if isinstance(value, Mapping) else value for name, value in settings.items()}


_UNION_MEMBER = re.compile(r"(literal|tuple|list|dict)\[.*|(constrained|function)-.*|float|int|str|bool|none")
"""What pydantic adds to the place of a mistake in a field of several types."""


def _one_per_field(details: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of a field that may have several types, one mistake in place of one per type."""
    found: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for detail in details:
        place = tuple(part for part in detail["loc"] if not _UNION_MEMBER.fullmatch(str(part)))
        if place == detail["loc"]:
            found[place, len(found)] = detail
        elif place in found:
            further = detail["msg"].removeprefix("Input should be ")
            found[place] = {**found[place], "msg": f"{found[place]['msg']} or {further}"}
        else:
            found[place] = {**detail, "loc": place}
    return list(found.values())


def _describe(detail: Mapping[str, Any]) -> _Mistake:
    location = [part for part in detail["loc"] if isinstance(part, str)]
    field = ".".join(location)
    name = _short(field)
    if detail["type"] == "extra_forbidden":
        near = difflib.get_close_matches(name, list(_field_names(Config)), n=1, cutoff=0.6)
        return _Mistake(f"{name}: no such setting" + (f"; did you mean {near[0]}?" if near else ""), field)
    message = detail["msg"].removeprefix("Value error, ").replace("a valid tuple", "a list, such as [a,b]")
    is_of_section = not location or (len(location) == 1 and _is_section(Config.model_fields[location[0]].annotation))
    if is_of_section and detail["type"] == "value_error":  # it names its fields itself
        return _Mistake(message, field, is_about_several_fields=True)
    message = f"{name}: {message[0].lower()}{message[1:]}"
    # Whole sentences of a validator say what was found.
    message = message if message.endswith((".", "?")) else f"{message}, found {_short(repr(detail['input']))}"
    return _Mistake(message, field)


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:60]}… ({len(text)} characters)"


def _field_names(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield prefix + name
        if _is_section(field.annotation):
            yield from _field_names(field.annotation, f"{prefix}{name}.")


def _is_section(annotation: Any) -> TypeGuard[type[BaseModel]]:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
