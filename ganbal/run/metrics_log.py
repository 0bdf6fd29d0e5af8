"""Numbers over time, for people who watch: metrics.jsonl, and TensorBoard where it is installed."""

import json
from pathlib import Path
from typing import Any


class MetricsLog:
    """Appends one JSON object a row to `folder/metrics.jsonl`.

    A line is written with a single append, so a kill loses at most the last one. After a continuation a step may
    stand there twice; the later line counts.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "metrics.jsonl"
        self._board = _tensorboard(folder / "tensorboard")

    def add(self, stage: str, row: dict[str, float]) -> None:
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"stage": stage} | row) + "\n")
        if self._board is not None:
            for name, value in row.items():
                if name != "step":
                    self._board.add_scalar(f"{stage}/{name}", value, int(row["step"]))


def _tensorboard(folder: Path) -> Any | None:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder))
