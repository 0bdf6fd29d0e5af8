"""The synthetic images that the arms of a study need."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from ganbal.config import GanConfig, SynthesisConfig
from ganbal.study.arms.registry import ARMS
from ganbal.synthesis.counts import ClassCounts, additions_for, check_available, images_to_generate

Condition = tuple[str, float | None]
"""The name of an arm, and its ratio of synthetic images."""


def synthetic_needed(conditions: Iterable[Condition], counts: ClassCounts) -> np.ndarray:
    """Synthetic images per class that suffice for all conditions, (K,) int64."""
    needed = np.zeros_like(counts.real)
    for arm, ratio in conditions:
        if (need := ARMS[arm].synthetic_needed) is not None:
            needed = np.maximum(needed, need(counts.real, additions_for(counts, ratio)))
    return needed


def check_supply(conditions: Sequence[Condition], counts: ClassCounts, classes: Sequence[str]) -> None:
    """Check that there are enough synthetic images for all conditions.

    Raises:
        InputError: there are too few; the message says how to generate them.
    """
    arms = list(dict.fromkeys(arm for arm, _ in conditions if ARMS[arm].needs_synthetic))
    check_available(synthetic_needed(conditions, counts), counts, classes, arms)


def planned_images(
    conditions: Callable[[], Sequence[Condition]], counts: Mapping[str, int], gan: GanConfig, synthesis: SynthesisConfig
) -> dict[str, int]:
    """How many images of each class a run generates: enough to balance and for every condition of its study.

    Args:
        conditions: returns those of the study; called with `synthesis.num_images: balance` only.
        counts: training images per class.
        gan, synthesis: settings.

    Raises:
        InputError: as `images_to_generate`; or the study needs images of a class without a generator.
    """
    classes = sorted(counts)

    def needed(planned: Mapping[str, int]) -> dict[str, int]:
        found = synthetic_needed(conditions(), class_counts(counts, planned))
        return dict(zip(classes, found.tolist(), strict=True))

    return images_to_generate(counts, gan, synthesis, needed)


def class_counts(real: Mapping[str, int], synthetic: Mapping[str, int]) -> ClassCounts:
    """The counts as arrays, in the order of the class names."""
    return ClassCounts(*(np.array([found.get(name, 0) for name in sorted(real)]) for found in (real, synthetic)))
