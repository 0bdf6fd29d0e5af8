"""Options that commands of the command line share, and how they are grouped in the help."""

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click

SETTINGS, RUN, OUTPUT = "Settings", "Run", "Output"
_COLUMNS = ("path", "label", "patient")
PRESETS = "default, demo, gpu-64, quick, quick-160"
"""The names of `config.presets.preset_names`, which takes longer to load than the help may take."""
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class GroupedOption(click.Option):
    """An option under a heading of the help."""

    def __init__(self, *arguments: Any, group: str = "Options", **others: Any) -> None:
        super().__init__(*arguments, **others)
        self.group = group


class GroupedCommand(click.Command):
    """A command whose help lists its own options first, then the shared ones under headings."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        groups: dict[str, list[tuple[str, str]]] = {"Options": [], SETTINGS: [], RUN: [], OUTPUT: []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx) if isinstance(parameter, click.Option) else None
            if record is not None:
                groups[getattr(parameter, "group", OUTPUT)].append(record)
        for name, records in groups.items():
            if records:
                with formatter.section(name):
                    formatter.write_dl(records)


@dataclass(frozen=True)
class Typed:
    """The values of the shared options."""

    run_folder: Path | None = None
    preset: str | None = None
    config_file: Path | None = None
    assignments: tuple[str, ...] = ()
    as_json: bool = False
    quiet: bool = False
    verbose: bool = False
    yes: bool = False

    def with_value(self, name: str, value: Any) -> "Typed":
        """One more assignment, where a value was given."""
        if value is None:
            return self
        return replace(self, assignments=(*self.assignments, f"{name}={json.dumps(value)}"))


@dataclass(frozen=True)
class Shortcuts:
    """Fields of the settings that the options `--class`, `--image-size` and `--steps` of one command set."""

    class_name: Sequence[str] = ()
    image_size: Sequence[str] = ()
    steps: Sequence[str] = ()
    fields: Mapping[str, Sequence[str]] = field(init=False)

    def __post_init__(self) -> None:
        fields = {"class_name": self.class_name, "image_size": self.image_size, "steps": self.steps}
        columns = {f"{name}_column": [f"data.{name}_column"] for name in _COLUMNS}
        table = {"image_root": ["data.image_root"], **columns}
        shared = {"data": ["data.root"], "device": ["device"], "seed": ["seed"]}
        object.__setattr__(self, "fields", fields | table | shared)


def option(*names: str, group: str = "Options", **details: Any) -> Decorator:
    return click.option(*names, cls=GroupedOption, group=group, **details)


def shared_options(shortcuts: Shortcuts | None = Shortcuts(), *, asks: bool = False) -> Decorator:
    """The shared options; the command receives them as one `Typed`.

    Args:
        shortcuts: None for a command that has no settings.
        asks: whether the command may ask before long work, which `--yes` answers.
    """
    options = [
        *(_settings_options(shortcuts) if shortcuts is not None else []),
        *_run_options(asks),
        *_output_options(),
    ]

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def with_options(**values: Any) -> Any:
            typed = Typed(**{name: values.pop(name) for name in Typed.__dataclass_fields__ if name in values})
            assignments = typed.assignments
            typed = replace(typed, assignments=())
            for name, fields in (shortcuts or Shortcuts()).fields.items():
                value = values.pop(name, None) if shortcuts is not None else None
                for target in fields:
                    typed = typed.with_value(target, value)
            return command(replace(typed, assignments=(*typed.assignments, *assignments)), **values)

        decorated: Callable[..., Any] = with_options
        for add in reversed(options):
            decorated = add(decorated)
        return decorated

    return decorate


def _settings_options(shortcuts: Shortcuts) -> list[Decorator]:
    add = functools.partial(option, group=SETTINGS)
    options = [
        add(
            "--data",
            metavar="DIR",
            help="Folder, CSV, .npz, .zip or hf:OWNER/NAME. [default: GANBAL_DATA, data/chest_xray, phantom set]",
        ),
        *(add(f"--{name}-column", metavar="NAME", help=f"Column of the CSV with the {name}.") for name in _COLUMNS),
        add("--root", "image_root", metavar="DIR", help="Folder that paths in the CSV start from. [default: its own]"),
        add("--preset", metavar="NAME", help=f"Settings that come with ganbal: {PRESETS}."),
        add("--config", "config_file", type=click.Path(path_type=Path), metavar="FILE", help="YAML file of settings."),
    ]
    if shortcuts.class_name:
        options.append(
            add("--class", "class_name", metavar="NAME", help="Class to generate. [default: minority class]")
        )
    if shortcuts.image_size:
        named = " and ".join(shortcuts.image_size)
        options.append(add("--image-size", "image_size", type=int, metavar="PX", help=f"Sets {named}."))
    if shortcuts.steps:
        named = " and ".join(shortcuts.steps)
        options.append(add("--steps", type=int, metavar="N", help=f"Training steps; sets {named}."))
    return [
        *options,
        add("--set", "assignments", multiple=True, metavar="FIELD=VALUE", help="One setting, e.g. gan.steps=2000."),
        add("--seed", type=int, metavar="N", help="Seed of all random numbers but those of the splits. [default: 0]"),
        add("--device", metavar="auto|cpu|cuda|cuda:N", help="Where networks run. [default: auto, CUDA if available]"),
    ]


def _run_options(asks: bool) -> list[Decorator]:
    options = [
        option(
            *("--run", "--out", "run_folder"),
            group=RUN,
            type=click.Path(path_type=Path),
            metavar="DIR",
            help="Run folder. [default: the newest under outputs/, or a new one]",
        )
    ]
    if asks:
        options.append(option("-y", "--yes", is_flag=True, group=RUN, help="Do not ask before hours of work."))
    return options


def _output_options() -> list[Decorator]:
    add = functools.partial(option, group=OUTPUT)
    return [
        add("--json", "as_json", is_flag=True, help="Print one JSON object on stdout, everything else on stderr."),
        add("--quiet", is_flag=True, help="Print no progress and no messages; warnings stay."),
        add("-v", "--verbose", is_flag=True, help="Print more messages, and a traceback when a command fails."),
    ]


def number_or_counts(numbers: Sequence[str]) -> int | dict[str, int]:
    """`["2500"]` to 2500; `["NORMAL=2500", "OTHER=100"]` to a count per class."""
    counts: dict[str, int] = {}
    for text in numbers:
        name, equals, number = text.rpartition("=")
        if not number.removeprefix("-").isdecimal() or bool(equals) != bool(name) or name in counts:
            raise click.UsageError(f"--n {text}: give a whole number, or CLASS=N once for each class.")
        counts[name] = int(number)
    if "" in counts and len(counts) > 1:
        raise click.UsageError("--n N goes alone; write CLASS=N for each of several classes.")
    return counts.get("", counts)
