"""`sampling_strategy` as in imbalanced-learn's over-samplers: which classes grow, and by how many images."""

from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any

import numpy as np

from ganbal.errors import InputError
from ganbal.synthesis.counts import missing_images

SamplingStrategy = str | float | Mapping[Any, int] | Callable[[np.ndarray], Mapping[Any, int]]
NAMES = ("auto", "not majority", "minority", "not minority", "all")


def images_to_add(labels: np.ndarray, strategy: SamplingStrategy) -> dict[Any, int]:
    """How many images to add per class, in the order of the classes; classes with none are left out.

    Args:
        labels: (N,), of any sortable type.
        strategy: `"minority"`, `"not minority"`, `"not majority"` (the same as `"auto"`) or `"all"`: these classes
            grow to the size of the largest. A number r, for two classes: the smaller class grows to r times the size of
            the larger. A mapping from class to the final number of images. A function of the labels that returns such a
            mapping.

    Raises:
        InputError: an unknown strategy, a single class, a number of images that is not whole, or fewer images requested
            than there are.
    """
    classes, found = np.unique(labels, return_counts=True)
    counts = dict(zip(classes.tolist(), found.tolist(), strict=True))
    if len(counts) < 2:
        raise InputError(
            found=f"The labels name {len(counts)} class{'es' if len(counts) != 1 else ''}.",
            expected="Balancing needs at least two classes.",
            action="Add images of another class.",
        )
    if callable(strategy):
        strategy = strategy(labels)
    if isinstance(strategy, str):
        missing = missing_images(counts)
        return {name: missing[name] for name in _named(strategy, counts) if missing[name]}
    wanted = _whole_numbers(strategy) if isinstance(strategy, Mapping) else _of_ratio(strategy, counts)
    _check_wanted(wanted, counts)
    return {name: wanted[name] - number for name, number in counts.items() if wanted.get(name, number) > number}


def _named(strategy: str, counts: Mapping[Any, int]) -> list[Any]:
    smallest, largest = min(counts, key=counts.__getitem__), max(counts, key=counts.__getitem__)
    match strategy:
        case "auto" | "not majority":
            return [name for name in counts if name != largest]
        case "minority":
            return [smallest]
        case "not minority":
            return [name for name in counts if name != smallest]
        case "all":
            return list(counts)
    raise _unknown(strategy)


def _whole_numbers(given: Mapping[Any, Any]) -> dict[Any, int]:
    """The final numbers of images as integers; whole floats are numbers of images, too."""
    for name, number in given.items():
        if not _is_number(number) or not float(number).is_integer():
            raise InputError(
                found=f"sampling_strategy asks for {number!r} images of {name}.",
                expected="A final number of images is a whole number.",
                action="Correct it.",
            )
    return {name: int(number) for name, number in given.items()}


def _of_ratio(ratio: Any, counts: Mapping[Any, int]) -> dict[Any, int]:
    if not _is_number(ratio):
        raise _unknown(ratio)
    smallest, largest = min(counts, key=counts.__getitem__), max(counts, key=counts.__getitem__)
    if len(counts) != 2 or not 0 < ratio <= 1:
        raise InputError(
            found=f"sampling_strategy is {float(ratio):g}, for {len(counts)} classes.",
            expected="A ratio must be above 0 and at most 1, and is possible with two classes only.",
            action="Name a strategy, or give the final number of images per class.",
        )
    return {smallest: int(ratio * counts[largest])}


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _unknown(strategy: Any) -> InputError:
    return InputError(
        found=f"sampling_strategy is {strategy!r}.",
        expected=f"It must be one of {', '.join(NAMES)}, a number, a mapping or a function.",
        action="Choose one of these.",
    )


def _check_wanted(wanted: Mapping[Any, int], counts: Mapping[Any, int]) -> None:
    unknown = [name for name in wanted if name not in counts]
    if unknown:
        raise InputError(
            found=f"sampling_strategy names {', '.join(map(str, unknown))}, which is no class of the labels.",
            expected=f"The classes are {', '.join(map(str, counts))}, and the numbers are final numbers of images "
            "per class.",
            action="Correct the names.",
        )
    fewer = {name: number for name, number in wanted.items() if number < counts[name]}
    if fewer:
        raise InputError(
            found="sampling_strategy asks for fewer images than there are: "
            + ", ".join(f"{number} of {name}, which has {counts[name]}" for name, number in fewer.items())
            + ".",
            expected="The numbers are final numbers of images, and over-sampling removes none.",
            action="Raise the numbers, or leave these classes out.",
        )
