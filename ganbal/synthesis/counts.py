"""Which classes get synthetic images, and how many each: counts in, counts out."""

from collections.abc import Mapping, Sequence

from ganbal.config import GanConfig, SynthesisConfig
from ganbal.errors import InputError

Counts = Mapping[str, int]


def missing_images(counts: Counts) -> dict[str, int]:
    """How many images each class has fewer than the largest one."""
    most = max(counts.values())
    return {name: most - number for name, number in counts.items()}


def minority_class(counts: Counts) -> str:
    """The class with the fewest images; of several, the first in the alphabet."""
    return min(counts, key=lambda name: (counts[name], name))


def classes_to_train(counts: Counts, gan: GanConfig) -> tuple[str, ...]:
    """The classes of which a generator is trained, the one that lacks most images first.

    A class-conditional generator is trained on all of them. Otherwise it is those the settings name; else, of two
    classes, the smaller one, and of more, every class that is smaller than the largest.

    Args:
        counts: training images of each class.

    Raises:
        InputError: the settings name a class that is not there.
    """
    _check_known(([gan.class_name] if gan.class_name else []) + list(gan.class_names), counts, "gan.class_name(s)")
    by_need = sorted(counts, key=lambda name: (counts[name], name))
    if gan.conditional:
        return tuple(by_need)
    if gan.class_names:
        return tuple(name for name in by_need if name in gan.class_names)
    if gan.class_name is not None:
        return (gan.class_name,)
    smaller = [name for name in by_need if counts[name] < counts[by_need[-1]]]
    return tuple(smaller) if len(counts) > 2 and smaller else (minority_class(counts),)


def images_to_draw(counts: Counts, gan: GanConfig, synthesis: SynthesisConfig) -> dict[str, int]:
    """How many synthetic images of each class are drawn; classes with none are left out.

    `balance` draws `ratio` times what a class lacks to be as large as the largest, rounded (halves up), of every class
    that has a generator. A plain number is that many of `gan.class_name`, else of the smallest class that has one.

    Args:
        counts: training images of each class.

    Raises:
        InputError: a class is unknown or has no generator; or nothing is missing that could be drawn.
    """
    trained, wanted = classes_to_train(counts, gan), synthesis.num_images
    if isinstance(wanted, int):
        return {gan.class_name or trained[0]: wanted}
    if isinstance(wanted, dict):
        check_drawable(wanted, counts, gan)
        return {name: number for name, number in sorted(wanted.items()) if number}
    missing = missing_images(counts)
    drawn = {name: int(synthesis.ratio * missing[name] + 0.5) for name in trained}
    if not any(drawn.values()):
        raise InputError(
            expected=f"fewer training images of {' or '.join(trained)} than of another class, to be balanced",
            found=", ".join(f"{number} of {name}" for name, number in counts.items())
            + (f" and synthesis.ratio {synthesis.ratio:g}" if synthesis.ratio < 1 else ""),
            action="Say how many to draw with `synthesize --n N`, or name another gan.class_name.",
        )
    return {name: number for name, number in drawn.items() if number}


def check_drawable(wanted: Counts, counts: Counts, gan: GanConfig) -> None:
    """See that every class of which images are wanted exists and has a generator.

    Raises:
        InputError: one does not.
    """
    _check_known(list(wanted), counts, "classes to draw")
    trained = classes_to_train(counts, gan)
    lacking = [name for name in wanted if name not in trained]
    if lacking:
        names = ",".join(sorted({*trained, *lacking}))
        raise InputError(
            expected=f"classes that a generator is trained for: {', '.join(trained)}",
            found=", ".join(lacking),
            action=f"Train for {'it' if len(lacking) == 1 else 'them'} too: `ganbal train-gan --set "
            f"gan.class_names=[{names}]`, or one generator of all classes: `--set gan.conditional=true`.",
        )


def _check_known(names: Sequence[str], counts: Counts, what: str) -> None:
    unknown = [name for name in names if name not in counts]
    if unknown:
        raise InputError(
            expected=f"{what} among {', '.join(counts)}",
            found=", ".join(map(repr, unknown)),
            action="Correct it, or leave it out to fill the smaller classes.",
        )
