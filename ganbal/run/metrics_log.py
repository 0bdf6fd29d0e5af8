"""Numbers during training: metrics.jsonl, and the programs that follow the training."""

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ganbal.run.tracking.callback import Callback

logger = logging.getLogger(__name__)


class MetricsLog:
    """Appends one JSON object per row to `folder/metrics.jsonl`, and tells the callbacks.

    A line is written with a single append, so a kill loses at most the last one. After a continuation a step may
    occur twice; the later line counts. On a full disk the log ends with a warning, and a callback that fails is left
    out after one; the training goes on.
    """

    def __init__(self, folder: Path, callbacks: Sequence[Callback] = ()) -> None:
        self._folder, self._file = folder, folder / "metrics.jsonl"
        self._has_failed = False
        self._callbacks = list(callbacks)

    @contextmanager
    def following(self, settings: Mapping[str, Any]) -> Iterator["MetricsLog"]:
        """Tell the callbacks of the start and, whatever happens, of the end."""
        self._tell(lambda callback: callback.on_start(self._folder, settings))
        try:
            yield self
        finally:
            self._tell(lambda callback: callback.on_end())

    def add(self, stage: str, row: Mapping[str, float]) -> None:
        """A row of measures, with its `step`.

        Args:
            stage: the folder of the training inside the run folder.
        """
        self._append(json.dumps({"stage": stage} | dict(row)))
        values = {f"{stage}/{name}": value for name, value in row.items() if name != "step"}
        self._tell(lambda callback: callback.on_metrics(int(row["step"]), values))

    def add_image(self, stage: str, step: int, name: str, image: np.ndarray) -> None:
        """A picture of synthetic images, for the callbacks; see `Callback.on_image`."""
        self._tell(lambda callback: callback.on_image(step, f"{stage}/{name}", image))

    def _tell(self, message: Callable[[Callback], None]) -> None:
        for callback in tuple(self._callbacks):
            try:
                message(callback)
            except Exception as error:  # of other programs, their servers and the network
                self._callbacks.remove(callback)
                logger.warning(
                    "%s failed and is left out from here on: %s: %s",
                    type(callback).__name__,
                    type(error).__name__,
                    error,
                )

    def _append(self, line: str) -> None:
        if self._has_failed:
            return
        try:
            with self._file.open("a", encoding="utf-8") as file:
                file.write(f"{line}\n")
        except OSError as error:
            self._has_failed = True
            logger.warning("%s cannot be written: %s", self._file, error.strerror)
