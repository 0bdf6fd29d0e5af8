"""Whether a run has synthetic images enough for the arms that take them."""

from collections.abc import Iterable, Sequence

import numpy as np

from ganbal.errors import InputError
from ganbal.study.arms.additions import ClassCounts, additions_for
from ganbal.study.arms.registry import ARMS

Condition = tuple[str, float | None]
"""The name of an arm, and its ratio."""


def synthetic_needed(conditions: Iterable[Condition], counts: ClassCounts) -> np.ndarray:
    """Synthetic images of each class that are enough for all conditions, (K,) int64."""
    needed = np.zeros_like(counts.real)
    for arm, ratio in conditions:
        if (need := ARMS[arm].synthetic_needed) is not None:
            needed = np.maximum(needed, need(counts.real, additions_for(counts, ratio)))
    return needed


def check_supply(conditions: Sequence[Condition], counts: ClassCounts, classes: Sequence[str]) -> None:
    """See that there are synthetic images enough.

    Raises:
        InputError: there are not; it says how to get them.
    """
    needed = synthetic_needed(conditions, counts)
    if (needed <= counts.synthetic).all():
        return
    arms = dict.fromkeys(arm for arm, _ in conditions if ARMS[arm].needs_synthetic)
    lacking = [name for name, need, has in zip(classes, needed, counts.synthetic, strict=True) if need and not has]
    numbers = " ".join(
        f"--n {name}={max(n, h)}" for name, n, h in zip(classes, needed, counts.synthetic, strict=True) if max(n, h)
    )
    action = f"Draw them with `ganbal synthesize {numbers}`."
    if lacking:
        every = ",".join(name for name, need in zip(classes, needed, strict=True) if need)
        action += (
            f" Where no generator draws {' or '.join(lacking)} yet, train it: `ganbal train-gan --set "
            f"gan.class_names=[{every}]`, or one generator of all classes, `--set gan.conditional=true`."
        )
    raise InputError(
        expected=f"{_listed(needed, classes)} synthetic images for {', '.join(arms)}",
        found=_listed(counts.synthetic, classes),
        action=action,
    )


def _listed(numbers: np.ndarray, classes: Sequence[str]) -> str:
    return ", ".join(f"{number} {name}" for number, name in zip(numbers, classes, strict=True))
