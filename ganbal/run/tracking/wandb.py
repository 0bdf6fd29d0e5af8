"""A run of Weights & Biases; account and project are its own settings, such as the variable WANDB_PROJECT."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ganbal.run.tracking.callback import Callback


class WeightsAndBiases(Callback):
    """Logs settings as the configuration, measures and sample grids."""

    def on_start(self, folder: Path, settings: Mapping[str, Any]) -> None:
        import wandb

        self._module = wandb
        project = os.environ.get("WANDB_PROJECT", "ganbal")
        self._run = wandb.init(project=project, name=folder.name, dir=str(folder), config=dict(settings))

    def on_metrics(self, step: int, values: Mapping[str, float]) -> None:
        self._run.log(dict(values), step=step)

    def on_image(self, step: int, name: str, image: np.ndarray) -> None:
        self._run.log({name: self._module.Image(image)}, step=step)

    def on_end(self) -> None:
        self._run.finish()
