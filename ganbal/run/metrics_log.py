"""Numbers during training: metrics.jsonl, and TensorBoard where it is installed."""

import json
import logging
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)


class MetricsLog:
    """Appends one JSON object per row to `folder/metrics.jsonl`.

    A line is written with a single append, so a kill loses at most the last one. After a continuation a step may
    occur twice; the later line counts. On a full disk the log ends with a warning; the training goes on.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "metrics.jsonl"
        self._has_failed = False
        self._board = _tensorboard(folder / "tensorboard")

    def add(self, stage: str, row: dict[str, float]) -> None:
        self._append(json.dumps({"stage": stage} | row))
        if self._board is not None:
            for name, value in row.items():
                if name != "step":
                    self._board.add_scalar(f"{stage}/{name}", value, int(row["step"]))

    def _append(self, line: str) -> None:
        if self._has_failed:
            return
        try:
            with self._file.open("a", encoding="utf-8") as file:
                file.write(f"{line}\n")
        except OSError as error:
            self._has_failed = True
            logger.warning("%s cannot be written: %s", self._file, error.strerror)


def _tensorboard(folder: Path) -> Any | None:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder))
