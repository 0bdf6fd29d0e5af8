"""What a caller chose: settings and the run folder, in the form in which the commands take them."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ganbal.api.arguments import check_argument, is_path
from ganbal.config.loading import check_given_settings
from ganbal.config.whole import Config
from ganbal.errors import InputError
from ganbal.pipeline import Outcome
from ganbal.run.selection import RunChoice
from ganbal.runtime.python_console import PythonConsole

CONFIG_VARIABLE = "GANBAL_CONFIG"
"""Environment variable that names a YAML file of settings, for calls that give no `config`."""

Settings = Mapping[str, Any]
"""Settings by name: `{"gan.batch_size": 32}`, or by section: `{"gan": {"batch_size": 32}}`."""


@dataclass(frozen=True)
class Choices:
    """Settings as given, not validated yet.

    Attributes:
        preset: name of settings that come with ganbal.
        config_file: YAML file, which overrides the preset.
        assignments: `section.field=value`, which override the file.
    """

    preset: str | None = None
    config_file: Path | None = None
    assignments: tuple[str, ...] = ()

    @classmethod
    def given(cls, section: str, fields: Settings, **others: Any) -> "Choices":
        """What a call without earlier choices gives; a file that the environment names comes below all of it."""
        from_environment = os.environ.get(CONFIG_VARIABLE, "").strip()
        start = cls(config_file=Path(from_environment).expanduser()) if from_environment else cls()
        return start.updated(section, fields, **others)

    def updated(
        self,
        section: str,
        fields: Settings,
        *,
        config: str | Path | Settings | None = None,
        preset: str | None = None,
        settings: Settings | None = None,
        seed: int | None = None,
        device: str | None = None,
    ) -> "Choices":
        """With what one more call gives, which overrides all earlier choices of the same field.

        Args:
            section: the section of `fields`, the keyword arguments of the call; None values are left out.
            config: a YAML file, or settings; a file replaces an earlier one.
            preset: replaces an earlier one.
            settings: override `config`.
            seed, device: override `settings`, as `fields` do.

        Raises:
            InputError: `config`, `preset`, `settings` or a value in them is of another type.
        """
        _check_types(config, preset, settings)
        file = None if config is None or isinstance(config, Mapping) else Path(config).expanduser()
        own = _flat(config) if isinstance(config, Mapping) else {}
        own |= _flat(settings or {})
        own |= _present({"seed": seed, "device": device})
        own |= {f"{section}.{name}": value for name, value in _present(fields).items()}
        return replace(
            self,
            preset=self.preset if preset is None else preset,
            config_file=self.config_file if file is None else file,
            assignments=(*self.assignments, *(_assignment(name, value) for name, value in own.items())),
        )

    def choice(self, run: str | Path | None = None) -> RunChoice:
        """With the run folder, as the commands take it; None lets them choose it.

        Raises:
            InputError: `run` is no path.
        """
        is_folder = run is None or is_path(run)
        check_argument("run", run, is_right=is_folder, expected="It must be the path of a run folder.")
        folder = None if run is None else Path(run).expanduser()
        return RunChoice(folder, self.config_file, self.assignments, self.preset)

    def check(self) -> None:
        """Check what can be checked at once.

        Raises:
            InputError: a file cannot be read, or a name or value is wrong.
        """
        check_given_settings(self.preset, self.config_file, self.assignments)


def carry_out(command: Callable[..., Outcome | None], choice: RunChoice, *, quiet: bool, **details: Any) -> Outcome:
    """Call a function of the pipeline.

    Raises:
        InputError: as it does; wrong settings are reported before any work.
    """
    check_given_settings(choice.preset, choice.config_file, choice.assignments)
    console = PythonConsole(quiet=quiet)
    with console.show_log():
        outcome = command(choice, console, **details)
    assert outcome is not None
    return outcome


def _check_types(config: Any, preset: Any, settings: Any) -> None:
    is_config = config is None or is_path(config) or isinstance(config, Mapping)
    check_argument("config", config, is_right=is_config, expected="It must be a YAML file, or a mapping of settings.")
    is_name = preset is None or isinstance(preset, str)
    check_argument("preset", preset, is_right=is_name, expected='It must be the name of a preset, such as "quick".')
    is_mapping = settings is None or isinstance(settings, Mapping)
    example = 'It must be a mapping, such as {"gan.batch_size": 32}.'
    check_argument("settings", settings, is_right=is_mapping, expected=example)


def _present(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _flat(settings: Settings) -> dict[str, Any]:
    """`section.field` to value; sections with fields inside are opened."""
    found: dict[str, Any] = {}
    for name, value in settings.items():
        if name in Config.model_fields and isinstance(value, Mapping):
            found |= {f"{name}.{field}": entry for field, entry in value.items()}
        else:
            found[str(name)] = value
    return found


def _assignment(name: str, value: Any) -> str:
    try:
        return f"{name}={json.dumps(value, default=_plain, ensure_ascii=False)}"
    except (TypeError, ValueError) as error:
        raise InputError(
            found=f"The setting {name} is {value!r}.",
            expected="A setting is text, a number, true or false, a path, or a list or mapping of these.",
            action="Correct it; `ganbal config` lists every setting.",
        ) from error


def _plain(value: Any) -> Any:
    """Paths, numpy numbers and arrays, tuples and sets as JSON has them."""
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(type(value).__name__)
