"""The interface of callbacks that follow a training."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np


class Callback:
    """Follows a training. Override what is needed; these methods do nothing.

    Example:
        >>> class Printer(ganbal.Callback):
        ...     def on_metrics(self, step, values):
        ...         print(step, values["gan/kernel_distance"] if "gan/kernel_distance" in values else "")
        >>> ganbal.train_gan(data, steps=8000, callbacks=[Printer()])
    """

    def on_start(self, folder: Path, settings: Mapping[str, Any]) -> None:
        """The training begins or continues.

        Args:
            folder: the run folder.
            settings: all of them by their names, such as `gan.steps`, without the place of the images.
        """

    def on_metrics(self, step: int, values: Mapping[str, float]) -> None:
        """A row of measures.

        Args:
            step: optimizer steps so far. After a continuation a step may occur again.
            values: by name, such as `gan/generator_loss`; the part before the slash is the generator's folder.
        """

    def on_image(self, step: int, name: str, image: np.ndarray) -> None:
        """A picture of synthetic images; real ones are never given.

        Args:
            step: optimizer steps so far.
            name: such as `gan/samples`.
            image: uint8 (H, W), or (H, W, 3) in color.
        """

    def on_end(self) -> None:
        """The training has ended, was interrupted or failed."""
