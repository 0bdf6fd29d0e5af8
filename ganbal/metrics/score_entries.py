"""One score with all that has to stand beside it."""

import math
from dataclasses import dataclass
from typing import Any, Literal

from ganbal.metrics.floor import Floor
from ganbal.metrics.identity import ExtractorIdentity


@dataclass(frozen=True)
class Score:
    """A value is never printed without the rest."""

    metric: str
    """Short name, such as `fid`."""
    title: str
    """For people, such as "FID"."""
    value: float
    interval: tuple[float, float] | None
    """95 %; None where none is honest, as for FID, whose bias exceeds its scatter."""
    n_real: int
    n_synthetic: int
    extractor: ExtractorIdentity
    floor: Floor | None
    """Real against real, in halves of the real set."""
    better: Literal["lower", "higher"]
    held_out_floor: Floor | None = None
    """Training images against held-out real ones, where there are some."""
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """For scores.json."""
        assert math.isfinite(self.value), f"{self.metric} is {self.value}"
        return {
            "metric": self.metric,
            "title": self.title,
            "value": self.value,
            "interval": list(self.interval) if self.interval else None,
            "n_real": self.n_real,
            "n_synthetic": self.n_synthetic,
            "extractor": self.extractor.to_json(),
            "floor": self.floor.to_json() if self.floor else None,
            "held_out_floor": self.held_out_floor.to_json() if self.held_out_floor else None,
            "better": self.better,
            "note": self.note,
        }
