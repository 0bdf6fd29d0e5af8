"""Damages one file of a finished run and runs `ganbal run` again."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

from fault_kinds.commands import Reference, Trial, finish, fresh_copy, last_line
from fault_kinds.results import differing, name_of


def delete(file: Path, dice: random.Random) -> None:
    file.unlink()


def truncate(file: Path, dice: random.Random) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: dice.randrange(len(content))] if content else b"")


def flip_a_bit(file: Path, dice: random.Random) -> None:
    content = bytearray(file.read_bytes())
    if content:
        content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
    file.write_bytes(content)


def replace(file: Path, dice: random.Random) -> None:
    """With text that is not valid in any format of a run."""
    file.write_bytes(bytes(dice.randrange(32, 127) for _ in range(200)))


DAMAGES: dict[str, Callable[[Path, random.Random], None]] = {
    "delete": delete,
    "truncate": truncate,
    "flip a bit of": flip_a_bit,
    "replace": replace,
}
# One of many equal files stands for all.
_SAMPLED = ("synthetic/*/*.png", "figures/*", "gan/samples/*", "study/cells/*/*/*/*")
_PER_GROUP = 4


def trials(reference: Reference, folder: Path, dice: random.Random) -> Iterator[Trial]:
    """Every file with every damage, in random order, so that a limited number is a sample."""
    pairs = [(name, damage) for name in files_to_damage(reference.run, dice) for damage in DAMAGES]
    dice.shuffle(pairs)
    for number, (name, damage) in enumerate(pairs):
        run = fresh_copy(reference.run, folder / f"damaged-{number}")
        DAMAGES[damage](run / name, dice)
        ending = finish(run)
        yield Trial(f"{damage} {name}", ending.trouble() or _judge(run, name, ending, reference))


def files_to_damage(run: Path, dice: random.Random) -> list[str]:
    """Every file, but only a few of the many equal ones."""
    names = {name_of(file, run) for file in run.rglob("*") if file.is_file() and file.name != ".lock"}
    for pattern in _SAMPLED:
        group = sorted(name_of(file, run) for file in run.glob(pattern) if file.is_file())
        names -= set(group) - set(dice.sample(group, min(_PER_GROUP, len(group))))
    return sorted(names)


def _judge(run: Path, name: str, ending: object, reference: Reference) -> str | None:
    code, errors = ending.code, ending.errors  # type: ignore[attr-defined]
    if code:
        is_named = Path(name).name in errors
        return None if is_named else f"exit code {code} without naming the file: {last_line(errors)}"
    return f"other results: {', '.join(found[:5])}" if (found := differing(run, reference.results)) else None
