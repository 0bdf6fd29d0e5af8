"""TensorBoard events in the run folder: `tensorboard --logdir outputs`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ganbal.run.tracking.callback import Callback


class TensorBoard(Callback):
    """Writes events to `tensorboard/` in the run folder."""

    def on_start(self, folder: Path, settings: Mapping[str, Any]) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(folder / "tensorboard"))

    def on_metrics(self, step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def on_image(self, step: int, name: str, image: np.ndarray) -> None:
        self._writer.add_image(name, image, step, dataformats="HW" if image.ndim == 2 else "HWC")

    def on_end(self) -> None:
        self._writer.close()
