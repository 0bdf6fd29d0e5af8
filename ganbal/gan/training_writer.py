"""Writes the files of a GAN training."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from ganbal.config import GanConfig
from ganbal.gan.checkpoint import save_checkpoint
from ganbal.gan.fingerprint import TrainingFingerprint
from ganbal.gan.folder import GanFolder
from ganbal.gan.monitor import Monitor
from ganbal.gan.sample_images import write_animation, write_augmentation, write_grid, write_interpolation
from ganbal.gan.state import TrainingState
from ganbal.runtime.atomic_files import atomic_path
from ganbal.runtime.distributed import World


class TrainingWriter:
    """Writes the files of a training; does nothing in processes other than the first."""

    def __init__(
        self,
        folder: GanFolder,
        state: TrainingState,
        monitor: Monitor,
        config: GanConfig,
        fingerprint: TrainingFingerprint,
        world: World,
        on_image: Callable[[int, str, np.ndarray], None] = lambda step, name, image: None,
    ) -> None:
        self._folder, self._state, self._monitor, self._config = folder, state, monitor, config
        self._fingerprint, self._writes, self._on_image = fingerprint, world.is_first, on_image
        self._last_checkpoint_at = time.monotonic()

    def is_checkpoint_time(self) -> bool:
        return time.monotonic() - self._last_checkpoint_at >= self._config.checkpoint_every_seconds

    def write_checkpoints(self) -> None:
        """Write the best state, if it is new, then the present one and the history."""
        if self._writes:
            self._monitor.write_best()
            save_checkpoint(self._folder.last_checkpoint, self._state.state_dict(), self._fingerprint)
            _write_history(self._folder.history, self._state.history)
            self._last_checkpoint_at = time.monotonic()

    def write_augmentation(self, images: np.ndarray) -> None:
        if self._writes:
            write_augmentation(self._folder.root / "augmentation.png", images, self._config.augment)

    def write_grid(self) -> None:
        if self._writes:
            path = self._folder.sample_grid(self._state.step)
            grid = write_grid(path, self._state.generator_ema, self._fingerprint.seed, self._details())
            self._on_image(self._state.step, "samples", grid)

    def write_summaries(self) -> None:
        """Write what needs a finished training: interpolations, and the sample grids as an animation."""
        if self._writes:
            path, generator = self._folder.root / "interpolation.png", self._state.generator_ema
            write_interpolation(path, generator, self._fingerprint.seed, self._details())
            write_animation(self._folder.root / "progress.gif", sorted(self._folder.samples.glob("step_*.png")))

    def _details(self) -> dict[str, str]:
        classes = ", ".join(self._fingerprint.class_names)
        return {"step": str(self._state.step), "seed": str(self._fingerprint.seed), "class": classes}


def _write_history(path: Path, history: list[dict[str, float]]) -> None:
    with atomic_path(path) as temporary:
        pd.DataFrame(history).to_csv(temporary, index=False, float_format="%.6g")
