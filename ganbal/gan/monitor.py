"""Monitors a GAN training: measures the generator, keeps the best state, rolls a collapse back."""

import copy
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ganbal.config import FEWEST_TO_LEARN_FROM, GanConfig
from ganbal.errors import GanbalError
from ganbal.gan.checkpoint import resume, save_checkpoint
from ganbal.gan.collapse import detect_collapse, diversity
from ganbal.gan.fingerprint import TrainingFingerprint
from ganbal.gan.networks import Generator
from ganbal.gan.sampling import generate_images, latent_rows
from ganbal.gan.state import TrainingState
from ganbal.runtime.console import Console
from ganbal.runtime.distributed import ALONE, World

# A seed of its own, so that the images measured here are not those that are generated later.
_LATENT_SEED = 2**31 - 1


class Monitor:
    """Measures the averaged generator at intervals and acts on the result.

    Args:
        images: (N, S, S) or (N, S, S, 3) uint8, the training images.
        quality: distance of synthetic images to them, lower is better; None measures the diversity only.
        labels: (N,) int64 for a class-conditional generator, else None. Every class gets the same number of images.
        best_checkpoint: the file that `write_best` writes.
        world: processes that train together: the first one measures and writes, all act alike.
    """

    def __init__(
        self,
        config: GanConfig,
        images: np.ndarray,
        quality: Callable[[np.ndarray], float] | None,
        best_checkpoint: Path,
        fingerprint: TrainingFingerprint,
        console: Console,
        world: World = ALONE,
        labels: np.ndarray | None = None,
    ) -> None:
        self._config, self._quality, self._console, self._world = config, quality, console, world
        self._best_checkpoint, self._fingerprint = best_checkpoint, fingerprint
        by_class = [images] if labels is None else [images[labels == label] for label in range(labels.max() + 1)]
        self._real_diversities = [diversity(of_class) for of_class in by_class]
        per_class = max(FEWEST_TO_LEARN_FROM, config.score_images // len(by_class))
        self._latents = latent_rows(_LATENT_SEED, per_class, config.latent_dim)
        self._best: dict[str, Any] | None = None
        self._best_is_written = True

    def measure(self, state: TrainingState) -> dict[str, float]:
        """Generate images, of the same latent vectors every time; return their diversity and distance to real ones.

        The diversity is that of the class that has lost most of it. Processes other than the first return nothing.
        """
        if not self._world.is_first:
            return {}
        generated = [self._generate(state.generator_ema, label) for label in range(len(self._real_diversities))]
        relative = [
            diversity(images) / real if real else 1.0
            for images, real in zip(generated, self._real_diversities, strict=True)
        ]
        row = {"relative_diversity": min(relative)}
        return row if self._quality is None else row | {"kernel_distance": self._quality(np.concatenate(generated))}

    def _generate(self, generator: Generator, label: int) -> np.ndarray:
        labels = None if generator.num_classes is None else torch.full((len(self._latents),), label)
        return np.concatenate(list(generate_images(generator, self._latents, self._config.batch_size, labels)))

    def keep_if_best(self, state: TrainingState) -> None:
        """Keep the state in memory if its newest row has the lowest distance so far.

        A state from before the end of the pretraining gives way to any later one: it has learned other classes too.
        """
        distance = state.history[-1].get("kernel_distance", math.nan)
        if not math.isfinite(distance):
            return
        ends_pretraining = state.best_step <= self._config.pretrain_steps < state.step
        if state.best_distance is None or ends_pretraining or distance < state.best_distance:
            state.best_distance, state.best_step = distance, state.step
            self._best, self._best_is_written = copy.deepcopy(state.state_dict()), False

    def replace_lost_best(self, state: TrainingState) -> None:
        """Let the present state take the place of a best checkpoint whose file is missing."""
        self._console.warn(
            f"The best checkpoint {self._best_checkpoint} (step {state.best_step}) is missing. The state of step "
            f"{state.step} takes its place; to get it back, delete the folder of the generator and train again."
        )
        state.best_distance, state.best_step = None, 0
        if self._quality is not None and self._world.is_first:
            state.best_distance, state.best_step = self.measure(state)["kernel_distance"], state.step
            self._best, self._best_is_written = copy.deepcopy(state.state_dict()), False
            self.write_best()

    def write_best(self) -> None:
        """Write the best state to disk, unless it is there; call it before the last state is written."""
        if not self._best_is_written and self._best is not None:
            save_checkpoint(self._best_checkpoint, self._best, self._fingerprint)
            self._best_is_written = True

    def roll_back_if_collapsed(self, state: TrainingState) -> None:
        """After a collapse, restore the best earlier state with half the learning rates.

        Raises:
            GanbalError: it collapsed more than `max_rollbacks` times, or before there was a best state.
        """
        trouble = detect_collapse(state.history, state.rows_before_rollback)
        if trouble is None:
            return
        collapsed_at, rollbacks = state.step, state.rollbacks + 1
        has_best = self._best is not None or self._best_checkpoint.is_file()
        if rollbacks > self._config.max_rollbacks or not has_best:
            raise GanbalError(
                f"The GAN training collapsed at step {collapsed_at}: {trouble}. "
                f"Try --set gan.preset=small-data, a lower gan.learning_rate or more images."
            )
        if self._best is not None:
            state.load_state_dict(self._best)
        else:
            resume(self._best_checkpoint, state, self._fingerprint)
        state.rollbacks, state.rows_before_rollback = rollbacks, len(state.history)
        state.scale_learning_rates(0.5**rollbacks)
        self._console.warn(
            f"The GAN training collapsed at step {collapsed_at}: {trouble}. Back to step {state.step} with learning "
            f"rates × {0.5**rollbacks:g} (rollback {rollbacks} of at most {self._config.max_rollbacks})."
        )
