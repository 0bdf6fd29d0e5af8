"""Loads random settings: each is accepted, and then means the same once written and read again, or is refused."""

import math
import random
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from fault_kinds.commands import Reference, Trial
from ganbal.config import Config, dump_config, load_config
from ganbal.errors import InputError

TRIALS = 1000
LONGEST_SECONDS = 5
LARGEST_NUMBER = 1e12
_WORDS = r"""
0 1 2 3 16 64 -1 0.5 3.5 1e3 1.0e-300 9e18 9.0e+18 -9.0e+18 9000000000000000000 -9000000000000000000 1000000000000
1e400 1.0e+400 .inf -.inf .nan nan inf 1_000 0x1F 0o17 12:30:45 2026-11-26
true false null ~ no yes None '' " [ { ] : - &a *a !x [] {} [null] [[1]] [imbalanced] {NORMAL:-1} NORMAL
/dev/null / . no/such/file.pth ~nobody/x a\0b \x00
inception hinge small-data cpu cuda:99 mps auto balance honest documents published
"""
_LONG = ("ü" * 40, "x" * 5000, "9" * 400, "\u202egnp", "[" * 300, "[1, 2, 3]", "[gan, gan]", "{a: 1}", "")
_TAGGED = ("!!python/object:os.system x", "!!binary aGk=", "!!set {a, b}", "2026-11-26 10:00:00", "&a [*a]", " ")
_VALUES = (*_WORDS.split(), *_LONG, *_TAGGED)


class TooSlow(Exception):
    """Loading took longer than `LONGEST_SECONDS`."""


def trials(reference: Reference | None, folder: Path, dice: random.Random) -> Iterator[Trial]:
    """Half are one to four assignments, half a changed settings file."""
    fields = list(field_names(Config))
    plain = yaml.safe_dump(load_config(None).model_dump(mode="json"), sort_keys=False)
    signal.signal(signal.SIGALRM, _stop)
    for number in range(TRIALS):
        file, assignments = None, list[str]()
        if number % 2:
            file = folder / "settings.yaml"
            file.write_bytes(_changed(plain, dice))
            changed = set(file.read_bytes().split(b"\n")).symmetric_difference(plain.encode().split(b"\n"))
            fault = f"settings file, changed lines {sorted(line[:80] for line in changed)}"
        else:
            assignments = [f"{dice.choice(fields)}={dice.choice(_VALUES)}" for _ in range(dice.choice((1, 1, 1, 2, 4)))]
            fault = f"--set {' --set '.join(map(repr, assignments))}"
        yield Trial(fault, trouble_of(file, assignments))


def field_names(model: Any, prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        if hasattr(field.annotation, "model_fields"):
            yield from field_names(field.annotation, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def trouble_of(file: Path | None, assignments: list[str]) -> str | None:
    signal.alarm(LONGEST_SECONDS)
    try:
        config = load_config(file, assignments)
        again = load_config(None, (), yaml.safe_load(dump_config(config)))
    except InputError as error:
        return None if len(str(error)) < 20_000 else f"a message of {len(str(error))} characters"
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:200]}"
    finally:
        signal.alarm(0)
    if again != config:
        return "other settings after writing and reading them"
    beyond = [f"{name}={value}" for name, value in numbers(config.model_dump()) if not abs(value) <= LARGEST_NUMBER]
    return f"accepted {', '.join(beyond)}" if beyond else None


def numbers(content: Any, name: str = "") -> Iterator[tuple[str, float]]:
    if isinstance(content, dict):
        for key, value in content.items():
            yield from numbers(value, f"{name}.{key}".lstrip("."))
    elif isinstance(content, list | tuple):
        for value in content:
            yield from numbers(value, name)
    elif isinstance(content, int | float) and not isinstance(content, bool):
        yield name, content if not isinstance(content, float) or not math.isnan(content) else math.inf


def _changed(text: str, dice: random.Random) -> bytes:
    """The settings file with a line changed, doubled or removed, or with bytes flipped."""
    lines = text.splitlines()
    for _ in range(dice.randint(1, 4)):
        place = dice.randrange(len(lines))
        kind = dice.choice(("value", "double", "remove", "indent", "insert"))
        if kind == "value" and ":" in lines[place]:
            lines[place] = lines[place].split(":")[0] + ": " + dice.choice(_VALUES)
        elif kind == "double":
            lines.insert(place, lines[place])
        elif kind == "remove" and len(lines) > 1:
            del lines[place]
        elif kind == "indent":
            lines[place] = " " * dice.randrange(8) + lines[place].lstrip()
        else:
            lines.insert(place, dice.choice(_VALUES))
    content = bytearray("\n".join(lines).encode())
    if dice.random() < 0.2:
        content[dice.randrange(len(content))] = dice.randrange(256)
    return bytes(content)


def _stop(number: int, frame: Any) -> None:
    raise TooSlow(f"longer than {LONGEST_SECONDS} s")
