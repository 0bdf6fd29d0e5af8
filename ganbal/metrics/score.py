"""A score: its value together with everything needed to read it."""

import math
from dataclasses import dataclass
from typing import Any, Literal

from ganbal.metrics.floor import Floor
from ganbal.metrics.identity import ExtractorIdentity


@dataclass(frozen=True)
class ScoreKind:
    """The name of a score, its possible values, and which of them are better."""

    metric: str
    """Short name in scores.json, such as `fid`."""
    title: str
    """Name in tables, such as "FID"."""
    better: Literal["lower", "higher", "near"]
    """`near`: the closer to `best`, the better."""
    best: float | None = None
    """The value of a perfect generator where it is a known constant; None where only the floor shows it."""
    low: float | None = None
    """Smallest possible value; None: unbounded."""
    high: float | None = None
    """Largest possible value; None: unbounded."""

    def __post_init__(self) -> None:
        assert self.better != "near" or self.best is not None, f"{self.metric}: near what?"

    def clip(self, value: float) -> float:
        """The nearest possible value."""
        value = value if self.low is None else max(value, self.low)
        return value if self.high is None else min(value, self.high)


@dataclass(frozen=True)
class Score:
    """One row of scores.json."""

    kind: ScoreKind
    value: float
    interval: tuple[float, float] | None
    """95 %; None for scores such as FID whose bias exceeds their standard error."""
    n_real: int | None
    n_synthetic: int | None
    """None: unknown, from a statistics file without it."""
    extractor: ExtractorIdentity
    floor: Floor | None
    """Real against real, in halves of the real set."""
    held_out_floor: Floor | None = None
    """Training images against held-out real images; None without held-out images."""
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """The row as plain types; value, interval and floors lie inside the score's range."""
        kind = self.kind
        assert math.isfinite(self.value), f"{kind.metric} is {self.value}"
        floors = {"floor": self.floor, "held_out_floor": self.held_out_floor}
        return {
            "metric": kind.metric,
            "title": kind.title,
            "value": kind.clip(self.value),
            "interval": [kind.clip(end) for end in self.interval] if self.interval else None,
            "n_real": self.n_real,
            "n_synthetic": self.n_synthetic,
            "extractor": self.extractor.to_json(),
            **{name: floor.clipped(kind.clip).to_json() if floor else None for name, floor in floors.items()},
            "better": kind.better,
            "best": kind.best,
            "range": [kind.low, kind.high],
            "note": self.note,
        }
