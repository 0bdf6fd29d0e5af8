"""The presets and all settings as text, for `ganbal config`."""

from collections.abc import Iterator

from pydantic import BaseModel

from ganbal.config.loading import load_config
from ganbal.config.presets import preset_file, preset_names


def settings_text(preset: str | None = None) -> str:
    """Every setting with its value in `preset` (or its default) and its meaning.

    Raises:
        InputError: there is no such preset.
    """
    config = load_config(preset_file(preset) if preset is not None else None)
    lines = ["Presets (--preset NAME):"]
    for name in preset_names():
        lines.append(f"  {name:<10}{_first_comment(name)}")
    lines += ["", f"Settings (--set FIELD=VALUE, or a YAML file), {f'as in {preset}' if preset else 'with defaults'}:"]
    for name, value, meaning in _entries(config):
        lines.append(f"  {name} = {value}")
        if meaning:
            lines += [f"      {line.strip()}" for line in meaning.splitlines()]
    return "\n".join(lines)


def _first_comment(preset: str) -> str:
    first = preset_file(preset).read_text(encoding="utf-8").splitlines()[0]
    return first.removeprefix("#").strip()


def _entries(section: BaseModel, prefix: str = "") -> Iterator[tuple[str, str, str]]:
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            yield from _entries(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", _as_typed(value), field.description or ""


def _as_typed(value: object) -> str:
    """The value as `--set` takes it."""
    if value is None:
        return "null"
    if isinstance(value, tuple):
        return f"[{','.join(map(_as_typed, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)
