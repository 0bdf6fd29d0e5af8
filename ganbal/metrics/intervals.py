"""Confidence intervals of shares."""

import math

_NORMAL_95 = 1.959964


def share_interval(count: int, total: int) -> tuple[float, float]:
    """95 % interval of `count / total` (Wilson 1927): inside [0, 1], and with a width at 0 and 1."""
    assert 0 <= count <= total and total > 0
    share, square = count / total, _NORMAL_95**2
    centre = (share + square / (2 * total)) / (1 + square / total)
    reach = _NORMAL_95 * math.sqrt(share * (1 - share) / total + square / (4 * total**2)) / (1 + square / total)
    return max(0.0, centre - reach), min(1.0, centre + reach)
