"""A run of MLflow; where it is stored is MLflow's own setting, such as the variable MLFLOW_TRACKING_URI."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ganbal.run.tracking.callback import Callback

_LONGEST_VALUE = 500
_MOST_PARAMETERS = 100
"""What every version of MLflow accepts."""


class MLflow(Callback):
    """Logs settings as parameters, measures as metrics and sample grids as images."""

    def on_start(self, folder: Path, settings: Mapping[str, Any]) -> None:
        import mlflow

        self._client = mlflow
        mlflow.start_run(run_name=folder.name)
        values = [(name, str(value)[:_LONGEST_VALUE]) for name, value in settings.items()]
        for start in range(0, len(values), _MOST_PARAMETERS):
            mlflow.log_params(dict(values[start : start + _MOST_PARAMETERS]))

    def on_metrics(self, step: int, values: Mapping[str, float]) -> None:
        self._client.log_metrics(dict(values), step=step)

    def on_image(self, step: int, name: str, image: np.ndarray) -> None:
        self._client.log_image(image, key=name.replace("/", "_"), step=step)

    def on_end(self) -> None:
        self._client.end_run()
