"""Watching over a GAN training: keeps the best checkpoint, rolls a collapse back."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ganbal.config import GanConfig
from ganbal.errors import GanbalError
from ganbal.gan.checkpoint import Identity, resume, save_checkpoint
from ganbal.gan.collapse import diversity, find_trouble
from ganbal.gan.sampling import draw_images, latent_rows
from ganbal.gan.state import TrainingState
from ganbal.runtime.console import Console
from ganbal.runtime.distributed import ALONE, World

# A seed of its own, so that the images judged here are not those that are synthesised later.
_LATENT_SEED = 2**31 - 1


class Supervisor:
    """Measures the averaged generator now and then and acts on what it finds.

    Args:
        images: (N, S, S) uint8, the training images.
        quality: distance of synthetic images to them, lower is better; None measures the diversity only.
        labels: (N,) their classes; None if they are all of one. As many images are drawn of each class as of any other.
        best_checkpoint: where the best state so far is kept.
        world: the processes that train together: the first one measures and writes, all act alike.
    """

    def __init__(
        self,
        config: GanConfig,
        images: np.ndarray,
        quality: Callable[[np.ndarray], float] | None,
        best_checkpoint: Path,
        identity: Identity,
        console: Console,
        world: World = ALONE,
        labels: np.ndarray | None = None,
    ) -> None:
        self._config, self._quality, self._console, self._world = config, quality, console, world
        self._best_checkpoint, self._identity = best_checkpoint, identity
        by_class = [images] if labels is None else [images[labels == label] for label in range(labels.max() + 1)]
        self._real_diversities = [diversity(of_class) for of_class in by_class]
        per_class = max(2, config.score_images // len(by_class))
        self._latents = latent_rows(_LATENT_SEED, per_class, config.latent_dim)

    def measure(self, state: TrainingState, is_due: bool) -> dict[str, float]:
        """Where it is due, draw images of the same latents as ever; tell their diversity and distance to real ones.

        The diversity is that of the class that has lost most of it.
        """
        if not is_due or not self._world.is_first:
            return {}
        drawn = [
            np.concatenate(list(draw_images(generator, self._latents, self._config.batch_size)))
            for generator in state.average.by_class()
        ]
        kept = [
            diversity(images) / real if real else 1.0
            for images, real in zip(drawn, self._real_diversities, strict=True)
        ]
        found = {"relative_diversity": min(kept)}
        return found if self._quality is None else found | {"kernel_distance": self._quality(np.concatenate(drawn))}

    def keep_if_best(self, state: TrainingState) -> None:
        """Keep the state if its newest row has the least distance so far."""
        distance = state.history[-1].get("kernel_distance", math.nan)
        if math.isfinite(distance) and (state.best_distance is None or distance < state.best_distance):
            state.best_distance, state.best_step = distance, state.step
            if self._world.is_first:
                save_checkpoint(self._best_checkpoint, state, self._identity)

    def roll_back_if_collapsed(self, state: TrainingState) -> None:
        """After a collapse, put the best earlier state back with half the learning rates.

        Raises:
            GanbalError: it collapsed once too often, or before any state was worth keeping.
        """
        trouble = find_trouble(state.history)
        if trouble is None:
            return
        collapsed_at, rollbacks = state.step, state.rollbacks + 1
        self._world.any(True)  # what the first process writes is on disk when the others have come here too
        if rollbacks > self._config.max_rollbacks or not self._best_checkpoint.is_file():
            raise GanbalError(
                f"The GAN training collapsed at step {collapsed_at}: {trouble}. "
                f"Try --set gan.preset=small-data, a lower gan.learning_rate or more images."
            )
        resume(self._best_checkpoint, state, self._identity)
        state.rollbacks = rollbacks
        state.scale_learning_rates(self._config, 0.5**rollbacks)
        self._console.warn(
            f"the GAN training collapsed at step {collapsed_at}: {trouble}. Back to step {state.step} with learning "
            f"rates × {0.5**rollbacks:g} (rollback {rollbacks} of at most {self._config.max_rollbacks})."
        )
