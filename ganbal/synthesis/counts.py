"""How many synthetic images: which classes get any, how many are generated and how many an arm of a study adds.

Counts in, counts out. Every other module asks here.
"""

import json
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ganbal.config import GanConfig, SynthesisConfig
from ganbal.errors import InputError

Counts = Mapping[str, int]
"""Number of images per class name."""
_PLAIN = re.compile(r"(?!null$)\w(?:[\w .+-]*\w)?")
"""Names that need no quotation marks in a YAML list."""


@dataclass(frozen=True)
class ClassCounts:
    """Images available to a study: (K,) int64 each, in the order of the labels."""

    real: np.ndarray
    synthetic: np.ndarray

    @property
    def missing(self) -> np.ndarray:
        """(K,) how many images each class has fewer than the largest one."""
        return self.real.max() - self.real


def missing_images(counts: Counts) -> dict[str, int]:
    """How many images each class has fewer than the largest one."""
    most = max(counts.values())
    return {name: most - number for name, number in counts.items()}


def minority_class(counts: Counts) -> str:
    """The class with the fewest images; of several, the alphabetically first."""
    return min(counts, key=lambda name: (counts[name], name))


def classes_to_train(counts: Counts, gan: GanConfig) -> tuple[str, ...]:
    """The classes that generators are trained on, the smallest first.

    A class-conditional generator is trained on all classes. Otherwise it is the classes named in the settings; without
    any, the smaller of two classes, or of more classes each one that is smaller than the largest.

    Args:
        counts: training images per class.
        gan: settings.

    Raises:
        InputError: the settings name an unknown class.
    """
    _check_known(
        ([gan.class_name] if gan.class_name else []) + list(gan.class_names),
        counts,
        "gan.class_name or gan.class_names",
    )
    by_size = sorted(counts, key=lambda name: (counts[name], name))
    if gan.conditional:
        return tuple(by_size)
    if gan.class_names:
        return tuple(name for name in by_size if name in gan.class_names)
    if gan.class_name is not None:
        return (gan.class_name,)
    smaller = [name for name in by_size if counts[name] < counts[by_size[-1]]]
    return tuple(smaller) if len(counts) > 2 and smaller else (minority_class(counts),)


def images_to_generate(
    counts: Counts,
    gan: GanConfig,
    synthesis: SynthesisConfig,
    needed: Callable[[Counts], Counts] = lambda planned: {},
) -> dict[str, int]:
    """How many synthetic images of each class are generated; classes without any are left out.

    A number is for `gan.class_name`, or for the smallest class with a generator. `balance` generates `ratio` times the
    missing images, rounded half up, of every class with a generator, and more where `needed` says so.

    Args:
        counts: training images per class.
        gan, synthesis: settings.
        needed: planned counts to the counts that a study needs; used with `balance` only.

    Raises:
        InputError: a class is unknown or has no generator, or no images are missing.
    """
    trained, wanted = classes_to_train(counts, gan), synthesis.num_images
    if isinstance(wanted, int):
        return {gan.class_name or trained[0]: wanted}
    if isinstance(wanted, dict):
        check_have_generators(wanted, counts, gan)
        return {name: number for name, number in sorted(wanted.items()) if number}
    missing = missing_images(counts)
    planned = {name: int(share_of(missing[name], synthesis.ratio)) for name in trained}
    if not any(planned.values()):
        raise InputError(
            found="No images are missing: there are "
            f"{', '.join(f'{number} of {name}' for name, number in counts.items())}"
            + (f", and synthesis.ratio is {synthesis.ratio:g}." if synthesis.ratio < 1 else "."),
            expected=f"Balancing needs fewer training images of {' or '.join(trained)} than of another class.",
            action="Give the number with `ganbal synthesize --n N`, or name another gan.class_name.",
        )
    required = needed(planned)
    total = {name: max(planned.get(name, 0), required.get(name, 0)) for name in sorted({*planned, *required})}
    check_have_generators([name for name, number in total.items() if number], counts, gan)
    return {name: number for name, number in total.items() if number}


def share_of(missing: int | np.ndarray, ratio: float) -> np.ndarray:
    """`ratio` times the missing images, rounded half up."""
    return np.floor(ratio * np.asarray(missing) + 0.5).astype(np.int64)


def additions_for(counts: ClassCounts, ratio: float | None) -> np.ndarray:
    """How many images of each class an arm adds, (K,) int64; the same in all arms, so that they are comparable.

    Args:
        counts: available images.
        ratio: share of the missing images. None: all synthetic images of the classes that miss some (of the other
            classes where only those have any), or the missing images where there are no synthetic ones.
    """
    if ratio is not None:
        return share_of(counts.missing, ratio)
    if not counts.synthetic.any():
        return counts.missing
    of_smaller = np.where(counts.missing > 0, counts.synthetic, 0)
    return of_smaller if of_smaller.any() else counts.synthetic


def check_have_generators(names: Sequence[str] | Counts, counts: Counts, gan: GanConfig) -> None:
    """Check that every class named exists and has a generator.

    Raises:
        InputError: one does not.
    """
    _check_known(list(names), counts, "the class in synthesis.num_images or --n")
    trained = classes_to_train(counts, gan)
    without = [name for name in names if name not in trained]
    if without:
        every = sorted({*trained, *without})
        raise InputError(
            found=f"There is no generator of {' or '.join(without)}.",
            expected=f"Images are generated of the classes that a generator is trained for: {', '.join(trained)}.",
            action=f"Train for {'it' if len(without) == 1 else 'them'} too: `{_train_command(every)}`, or one "
            "generator of all classes: `--set gan.conditional=true`.",
        )


def check_available(needed: np.ndarray, counts: ClassCounts, classes: Sequence[str], arms: Sequence[str]) -> None:
    """Check that there are enough synthetic images for a study.

    Args:
        needed: (K,) synthetic images per class that the arms need.
        counts: available images.
        classes: K names.
        arms: names of the arms that use synthetic images, for the message.

    Raises:
        InputError: there are too few; the message says how to generate them.
    """
    if (needed <= counts.synthetic).all():
        return
    numbers = list(zip(classes, needed, counts.synthetic, strict=True))
    wanted = [f"{name}={max(need, has)}" for name, need, has in numbers if max(need, has)]
    options = shlex.join(word for number in wanted for word in ("--n", number))
    action = f"Generate them with `ganbal synthesize {options} --overwrite`."
    without = [name for name, need, has in numbers if need and not has]
    if without:
        command = _train_command([name for name, need, _ in numbers if need])
        action += (
            f" If there is no generator of {' or '.join(without)} yet, train it: `{command}`, or one generator of all "
            "classes, `--set gan.conditional=true`."
        )
    raise InputError(
        found=f"There are {', '.join(f'{has} {name}' for name, _, has in numbers)} synthetic images.",
        expected=f"{', '.join(f'{need} {name}' for name, need, _ in numbers)} are needed for {', '.join(arms)}.",
        action=action,
    )


def _train_command(class_names: Sequence[str]) -> str:
    """`ganbal train-gan` for these classes, as it is typed."""
    listed = ",".join(name if _PLAIN.fullmatch(name) else json.dumps(name, ensure_ascii=False) for name in class_names)
    return shlex.join(["ganbal", "train-gan", "--set", f"gan.class_names=[{listed}]"])


def _check_known(names: Sequence[str], counts: Counts, where: str) -> None:
    unknown = [name for name in names if name not in counts]
    if unknown:
        raise InputError(
            found=f"The data set has no class {' or '.join(map(repr, unknown))}.",
            expected=f"Its classes are {', '.join(counts)}.",
            action=f"Correct {where}, or leave it out to balance the smaller classes.",
        )
