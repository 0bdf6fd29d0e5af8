"""Correction of p-values for several tests, so that a family of tests has the error rate of one."""

from collections.abc import Sequence

import numpy as np


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down correction (Holm 1979), valid under any dependence between the tests.

    The smallest of m p-values is multiplied by m, the next by m - 1 and so on; a corrected value is never below that
    of a smaller p-value, nor above 1. None stands for a test that was not made, and does not count.
    """
    made = [place for place, p_value in enumerate(p_values) if p_value is not None]
    given = np.array([p_values[place] for place in made], dtype=np.float64)
    order = np.argsort(given, kind="stable")
    factors = np.arange(len(given), 0, -1)
    stepped = np.minimum(np.maximum.accumulate(given[order] * factors), 1.0) if len(given) else given
    corrected: list[float | None] = [None] * len(p_values)
    for rank, place in enumerate(order):
        corrected[made[place]] = float(stepped[rank])
    return corrected
