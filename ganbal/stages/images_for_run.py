"""How many synthetic images a run draws: enough to balance, and enough for every arm and ratio of its study."""

from collections.abc import Mapping

import numpy as np

from ganbal.config import Config
from ganbal.study.arms.additions import ClassCounts
from ganbal.study.arms.supply import synthetic_needed
from ganbal.study.plan import conditions
from ganbal.synthesis.counts import check_drawable, images_to_draw


def images_for_run(counts: Mapping[str, int], config: Config) -> dict[str, int]:
    """Synthetic images of each class; classes with none are left out.

    Numbers that the settings name are taken as they are. `balance` gives what `balancing.images_to_draw` says, or more
    where the study's ratios or arms need more.

    Args:
        counts: training images of each class.

    Raises:
        InputError: as `images_to_draw`; or the study needs images of a class that no generator draws.
    """
    drawn = images_to_draw(counts, config.gan, config.synthesis)
    if config.synthesis.num_images != "balance":
        return drawn
    names = sorted(counts)
    real, synthetic = (np.array([found.get(name, 0) for name in names]) for found in (counts, drawn))
    needed = synthetic_needed(conditions(config.study), ClassCounts(real, synthetic))
    wanted = {name: int(number) for name, number in zip(names, np.maximum(needed, synthetic), strict=True) if number}
    check_drawable(wanted, counts, config.gan)
    return wanted
