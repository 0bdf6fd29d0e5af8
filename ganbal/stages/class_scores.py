"""Scores of several classes: each class's synthetic images are compared with real ones of that class only."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from ganbal.errors import InputError


def classes_to_score(class_names: Sequence[str], first: str | None) -> list[str]:
    """The classes that have synthetic images: `first` if it has any, then those with more images before others.

    Args:
        class_names: the class of every synthetic image.
        first: the class that the settings name.
    """
    counts = Counter(class_names)
    return sorted(counts, key=lambda name: (name != first, -counts[name], name))


def with_other_classes(
    facts: dict[str, Any], others: Sequence[str], score: Callable[[str], dict[str, Any]]
) -> dict[str, Any]:
    """The content of scores.json with the further classes under `other_classes`: {class: the same content}.

    A class that cannot be scored, such as one with a handful of images, is left out, and a warning says why.

    Args:
        facts: scores of the first class, under `class_name`; unchanged if there are no others.
        others: further classes with synthetic images.
        score: scores one class; an InputError means that it cannot be.
    """
    if not others:
        return facts
    chosen = facts["class_name"]
    warnings = [
        *facts.get("warnings", []),
        f"These scores are of {chosen} only; those of {', '.join(others)} stand under other_classes.",
    ]
    found: dict[str, Any] = {}
    for name in others:
        try:
            found[name] = score(name)
        except InputError as error:
            warnings.append(f"Images of {name} are not scored: expected {error.expected}, found {error.found}.")
    return facts | {"warnings": warnings, "other_classes": found}
