"""The GAN training loop, and the files it writes."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from classifiers.training.precision import choose_precision
from ganbal.config import GanConfig
from ganbal.errors import InputError
from ganbal.gan.acceleration import fastest_step, training_kernels
from ganbal.gan.checkpoint import resume, save_checkpoint
from ganbal.gan.fingerprint import TrainingFingerprint
from ganbal.gan.folder import GanFolder
from ganbal.gan.monitor import Monitor
from ganbal.gan.sample_images import write_animation, write_augmentation, write_grid, write_interpolation
from ganbal.gan.state import TrainingState, new_state
from ganbal.gan.train_step import MEASURES
from ganbal.runtime.atomic_files import atomic_path
from ganbal.runtime.console import Console
from ganbal.runtime.distributed import ALONE, World
from ganbal.runtime.memory import advise_when_out_of_memory
from ganbal.runtime.signals import stop_on_signal


def train_gan(
    images: np.ndarray,
    config: GanConfig,
    *,
    labels: np.ndarray | None = None,
    fingerprint: TrainingFingerprint,
    seed: int,
    device: torch.device,
    folder: GanFolder,
    console: Console,
    quality: Callable[[np.ndarray], float] | None = None,
    on_log: Callable[[dict[str, float]], None] = lambda row: None,
    world: World = ALONE,
) -> TrainingState:
    """Train for `config.steps` steps in all, from the last checkpoint in `folder` where there is one.

    Args:
        images: (N, S, S) uint8, training images of one class, or of several where there are `labels`.
        labels: (N,) int64, each of 0 to K - 1 at least twice: trains class-conditional networks for K classes.
        fingerprint: what a checkpoint must have in common with this training.
        quality: distance of synthetic images (M, S, S) uint8, M/K of each class in the order of the labels, to the
            training images, lower is better; the checkpoint with the lowest is kept as `best.pt`. None keeps none.
        on_log: called with every row of the history.
        world: processes that train together; each calls this with the same arguments, and only the first one writes.

    Raises:
        InputError: the checkpoint is damaged, belongs to another training or has more steps than `config.steps`.
        OutOfMemoryError: the networks and a batch do not fit into memory.
        GanbalError: the training collapsed more often than `config.max_rollbacks` allows.
        InterruptedBySignal: SIGINT or SIGTERM arrived; a checkpoint of the step reached is on disk.
    """
    with training_kernels(device), advise_when_out_of_memory("training the GAN", "gan.batch_size", "gan.base_channels"):
        state = new_state(config, seed, device, None if labels is None else int(labels.max()) + 1)
        monitor = Monitor(config, images, quality, folder.best_checkpoint, fingerprint, console, world, labels)
        _continue_earlier_training(state, config, fingerprint, folder, monitor, console)
        writer = TrainingWriter(folder, state, monitor, config, fingerprint, world)
        writer.write_augmentation(images)
        train_step = fastest_step(
            state,
            torch.from_numpy(np.array(images)).to(device),
            config,
            world,
            console,
            None if labels is None else torch.from_numpy(labels).to(device),
            choose_precision("auto", device),
        )
        meter = Meter(state, world)
        if state.step == config.steps:  # a finished training is repeated only where its files are missing or damaged
            writer.write_checkpoints()
            writer.write_grid()
        with (
            stop_on_signal() as stop,
            console.progress(config.steps, "training the GAN", "step", initial=state.step) as bar,
        ):
            while state.step < config.steps:
                meter.add(train_step())
                bar.update(state.step - bar.n)
                due = DueWork(state.step, config)
                if due.row:
                    measured = monitor.measure(state) if due.score else {}
                    row = world.broadcast_object(meter.row(config.batch_size) | measured)
                    state.history.append(row)
                    on_log(row)
                    bar.set_postfix_str(_progress_text(row))
                    monitor.keep_if_best(state)
                    monitor.roll_back_if_collapsed(state)
                # Several processes have to agree on when to stop, and asking takes time.
                stopping = world.any(stop.requested) if due.row or world.size == 1 else False
                if due.grid:
                    writer.write_grid()
                if stopping or due.last or (due.checkpoint and world.any(writer.is_checkpoint_time())):
                    meter.update_state()
                    writer.write_checkpoints()
                if stopping:
                    raise stop.interruption(f"Step {state.step} of {config.steps} is saved.")
        writer.write_summaries()
    return state


def _continue_earlier_training(
    state: TrainingState,
    config: GanConfig,
    fingerprint: TrainingFingerprint,
    folder: GanFolder,
    monitor: Monitor,
    console: Console,
) -> None:
    """Load the last checkpoint, if there is one; without it, the best, from which the training goes the same way."""
    checkpoints = [file for file in (folder.last_checkpoint, folder.best_checkpoint) if file.exists()]
    if not checkpoints:
        return
    random_continues = resume(checkpoints[0], state, fingerprint)
    if state.step > config.steps:
        raise InputError(
            expected=f"gan.steps of at least {state.step}, because {checkpoints[0]} is trained that far",
            found=str(config.steps),
            action=f"Set gan.steps to {state.step} or more, or start another run (--run NEW).",
        )
    console.say(f"Continuing from step {state.step} of {config.steps}.")
    if not random_continues:
        console.warn(
            f"This training began on another kind of device. On {state.device.type}, its random numbers start again, "
            "derived from the seed and the step: the result is as valid, but not equal bit by bit."
        )
    if state.best_step and not folder.best_checkpoint.is_file():
        monitor.replace_lost_best(state)


class DueWork:
    """What is due after a step."""

    def __init__(self, step: int, config: GanConfig) -> None:
        self.last = step == config.steps
        self.score = self.last or step % config.score_every_steps == 0
        self.row = self.score or step % config.log_every_steps == 0
        self.grid = self.last or step % config.sample_every_steps == 0
        self.checkpoint = step % config.checkpoint_every_steps == 0


class Meter:
    """Averages the measures since the last row and times the steps.

    It waits for the device only to make a row or to update the state. The state carries the measures over a restart,
    so that a continued training has the same history as an undisturbed one.
    """

    def __init__(self, state: TrainingState, world: World) -> None:
        self._state, self._world, self._earlier_seconds = state, world, state.seconds
        self._start = self._last_time = time.monotonic()
        self._on_device: list[Tensor] = []
        self._timed_steps = 0

    def add(self, measures: Tensor) -> None:
        self._on_device.append(measures)
        self._timed_steps += 1

    def update_state(self) -> None:
        """Put the measures since the last row and the training time into the state; every process must call this."""
        if self._on_device:
            self._state.pending_measures += self._world.mean(torch.stack(self._on_device)).tolist()
            self._on_device = []
        self._state.seconds = self._earlier_seconds + time.monotonic() - self._start

    def row(self, batch_size: int) -> dict[str, float]:
        self.update_state()
        means = torch.tensor(self._state.pending_measures, dtype=torch.float32).mean(dim=0).tolist()
        self._state.pending_measures = []
        now = time.monotonic()
        speed = self._timed_steps * batch_size / max(now - self._last_time, 1e-9)
        self._timed_steps, self._last_time = 0, now
        return {
            "step": self._state.step,
            "images_seen": self._state.step * batch_size,
            **dict(zip(MEASURES, means, strict=True)),
            "images_per_second": speed,
        }


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
    ) -> None:
        self._folder, self._state, self._monitor, self._config = folder, state, monitor, config
        self._fingerprint, self._writes = fingerprint, world.is_first
        self._last_checkpoint_at = time.monotonic()

    def is_checkpoint_time(self) -> bool:
        return time.monotonic() - self._last_checkpoint_at >= self._config.checkpoint_every_seconds

    def write_checkpoints(self) -> None:
        """Write the best state, if it is new, then the present one and the history."""
        if self._writes:
            self._monitor.write_best()
            save_checkpoint(self._folder.last_checkpoint, self._state.state_dict(), self._fingerprint)
            write_history(self._folder.history, self._state.history)
            self._last_checkpoint_at = time.monotonic()

    def write_augmentation(self, images: np.ndarray) -> None:
        if self._writes:
            write_augmentation(self._folder.root / "augmentation.png", images, self._config.augment)

    def write_grid(self) -> None:
        if self._writes:
            path = self._folder.sample_grid(self._state.step)
            write_grid(path, self._state.generator_ema, self._fingerprint.seed, self._details())

    def write_summaries(self) -> None:
        """Write what needs a finished training: interpolations, and the sample grids as an animation."""
        if self._writes:
            path, generator = self._folder.root / "interpolation.png", self._state.generator_ema
            write_interpolation(path, generator, self._fingerprint.seed, self._details())
            write_animation(self._folder.root / "progress.gif", sorted(self._folder.samples.glob("step_*.png")))

    def _details(self) -> dict[str, str]:
        classes = ", ".join(self._fingerprint.class_names)
        return {"step": str(self._state.step), "seed": str(self._fingerprint.seed), "class": classes}


def write_history(path: Path, history: list[dict[str, float]]) -> None:
    with atomic_path(path) as temporary:
        pd.DataFrame(history).to_csv(temporary, index=False, float_format="%.6g")


def _progress_text(row: dict[str, float]) -> str:
    return (
        f"{row['images_per_second']:.0f} images/s  loss D {row['discriminator_loss']:.2f} "
        f"G {row['generator_loss']:.2f}  D(x) {row['real_score']:.2f}  D(G(z)) {row['synthetic_score']:.2f}"
    )
