"""Numbers as a reader sees them: a true minus sign, a dash for unknown values."""

import math
from collections.abc import Sequence

UNKNOWN = "–"
_MOST_NAMED = 5


def is_known(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def count(value: float | None) -> str:
    """1341 → `1,341`."""
    return f"{value:,.0f}" if value is not None and math.isfinite(value) else UNKNOWN


def whole(value: float | None) -> str:
    """1341 → `1341`: for numbers that are names, such as seeds."""
    return f"{value:.0f}" if value is not None and math.isfinite(value) else UNKNOWN


def share(value: float | None, digits: int = 3) -> str:
    """A measure between 0 and 1: 0.79712 → `0.797`."""
    return f"{value:.{digits}f}" if value is not None and math.isfinite(value) else UNKNOWN


def mean_sd(mean: float | None, sd: float | None) -> str:
    """`0.797 ± 0.041`; without a spread the mean alone."""
    return share(mean) + (f" ± {share(sd)}" if is_known(mean) and is_known(sd) else "")


def points(value: float | None) -> str:
    """A difference of two measures in hundredths, signed: 0.0184 → `+1.8`."""
    return UNKNOWN if value is None else _signed(100 * value, 1)


def points_interval(low: float | None, high: float | None) -> str:
    """`−0.9 to +4.5`."""
    return f"{points(low)} to {points(high)}" if is_known(low) and is_known(high) else UNKNOWN


def difference(value: float | None) -> str:
    """A difference of two measures, signed: 0.0184 → `+0.018`."""
    return UNKNOWN if value is None else _signed(value, 3)


def difference_interval(low: float | None, high: float | None) -> str:
    """`−0.009 to +0.045`."""
    return f"{difference(low)} to {difference(high)}" if is_known(low) and is_known(high) else UNKNOWN


def p_value(value: float | None) -> str:
    """Three decimals: 0.04172 → `0.042`; below a thousandth `<0.001`."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def score(value: float | None) -> str:
    """Four significant digits at most, never in powers of ten: 127.312 → `127.3`, 0.00641 → `0.00641`."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    if value == 0:
        return "0"
    digits = max(0, 3 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{min(digits, 7)}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace("-", "−")


def score_interval(low: float | None, high: float | None) -> str:
    return f"{score(low)} to {score(high)}" if is_known(low) and is_known(high) else UNKNOWN


def duration(seconds: float | None) -> str:
    """`42 s`, `13 min`, `2 h 5 min`."""
    if seconds is None or not math.isfinite(seconds):
        return UNKNOWN
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def of_hundred(value: float | None) -> str:
    """A share as a count: 0.4487 → `45` of 100."""
    return f"{100 * value:.0f}" if value is not None and math.isfinite(value) else UNKNOWN


def listing(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def some_of(names: Sequence[str], number: int | None = None) -> str:
    """The first five of `number` names (by default, of all `names`): `a, b, c, d, e and 3 more`."""
    more = max(number or 0, len(names)) - min(len(names), _MOST_NAMED)
    return listing([*names[:_MOST_NAMED], *([f"{more} more"] if more > 0 else [])])


def plural(number: float | None, singular: str, several: str | None = None) -> str:
    """`1 seed`, `5 seeds`."""
    return f"{count(number)} {singular if number == 1 else several or singular + 's'}"


def _signed(value: float, digits: int) -> str:
    if not math.isfinite(value):
        return UNKNOWN
    text = f"{value:+.{digits}f}"
    return text.lstrip("+-") if float(text) == 0 else text.replace("-", "−")
