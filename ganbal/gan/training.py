"""The GAN training loop."""

import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from classifiers.pixels import num_channels
from classifiers.training.precision import choose_precision
from ganbal.config import GanConfig
from ganbal.errors import InputError
from ganbal.gan.acceleration import fastest_step, training_kernels
from ganbal.gan.checkpoint import resume
from ganbal.gan.fingerprint import TrainingFingerprint
from ganbal.gan.folder import GanFolder
from ganbal.gan.monitor import Monitor
from ganbal.gan.state import TrainingState, new_state
from ganbal.gan.train_step import MEASURES, TrainStep
from ganbal.gan.training_writer import TrainingWriter
from ganbal.runtime.console import Console
from ganbal.runtime.distributed import ALONE, World
from ganbal.runtime.memory import advise_when_out_of_memory
from ganbal.runtime.signals import stop_on_signal


def train_gan(
    images: np.ndarray,
    config: GanConfig,
    *,
    labels: np.ndarray | None = None,
    pretraining_images: np.ndarray | None = None,
    fingerprint: TrainingFingerprint,
    seed: int,
    device: torch.device,
    folder: GanFolder,
    console: Console,
    quality: Callable[[np.ndarray], float] | None = None,
    on_log: Callable[[dict[str, float]], None] = lambda row: None,
    on_image: Callable[[int, str, np.ndarray], None] = lambda step, name, image: None,
    world: World = ALONE,
) -> TrainingState:
    """Train for `config.steps` steps in all, from the last checkpoint in `folder` where there is one.

    Args:
        images: (N, S, S) or (N, S, S, 3) uint8, training images of one class, or of several where there are `labels`.
        labels: (N,) int64, each of 0 to K - 1 at least twice: trains class-conditional networks for K classes.
        pretraining_images: (M, S, S) uint8, training images of all classes for the first `config.pretrain_steps` steps.
        fingerprint: what a checkpoint must have in common with this training.
        quality: distance of M synthetic images, M/K of each class in the order of the labels, to the training images,
            lower is better; the checkpoint with the lowest is kept as `best.pt`. None keeps none.
        on_log: called with every row of the history.
        on_image: called with the step, a name and every sample grid, uint8 (H, W) or (H, W, 3).
        world: processes that train together; each calls this with the same arguments, and only the first one writes.

    Raises:
        InputError: the checkpoint is damaged, belongs to another training or has more steps than `config.steps`.
        OutOfMemoryError: the networks and a batch do not fit into memory.
        GanbalError: the training collapsed more often than `config.max_rollbacks` allows.
        InterruptedBySignal: SIGINT or SIGTERM arrived; a checkpoint of the step reached is on disk.
    """
    with training_kernels(device), advise_when_out_of_memory("training the GAN", "gan.batch_size", "gan.base_channels"):
        assert fingerprint.channels == num_channels(images), "a checkpoint names the channels that it generates"
        num_classes = None if labels is None else int(labels.max()) + 1
        state = new_state(config, seed, device, num_classes, num_channels(images))
        monitor = Monitor(config, images, quality, folder.best_checkpoint, fingerprint, console, world, labels)
        _continue_earlier_training(state, config, fingerprint, folder, monitor, console)
        writer = TrainingWriter(folder, state, monitor, config, fingerprint, world, on_image)
        writer.write_augmentation(images)
        pixels, labels_on_device, pretraining = (
            None if given is None else torch.from_numpy(np.array(given)).to(device)
            for given in (images, labels, pretraining_images)
        )
        assert pixels is not None
        precision = choose_precision("auto", device)
        train_step = fastest_step(
            state, pixels, config, world, console, labels_on_device, precision, pretraining=pretraining
        )
        if state.step == config.steps:  # a finished training is repeated only where its files are missing or damaged
            writer.write_checkpoints()
            writer.write_grid()
        TrainingLoop(state, train_step, monitor, writer, config, on_log, world).run(console)
        writer.write_summaries()
    return state


class TrainingLoop:
    """Steps until `config.steps`; logs, measures and saves at the intervals of the settings."""

    def __init__(
        self,
        state: TrainingState,
        train_step: TrainStep,
        monitor: Monitor,
        writer: TrainingWriter,
        config: GanConfig,
        on_log: Callable[[dict[str, float]], None],
        world: World,
    ) -> None:
        self._state, self._train_step, self._config, self._world = state, train_step, config, world
        self._monitor, self._writer, self._on_log = monitor, writer, on_log
        self._meter = Meter(state, world)

    def run(self, console: Console) -> None:
        """Train to the last step.

        Raises:
            GanbalError: the training collapsed too often.
            InterruptedBySignal: a signal arrived; a checkpoint of the step reached is on disk.
        """
        state, steps = self._state, self._config.steps
        with stop_on_signal() as stop, console.progress(steps, "training the GAN", "step", initial=state.step) as bar:
            while state.step < steps:
                self._meter.add(self._train_step())
                bar.update(state.step - bar.n)
                due = DueWork(state.step, self._config)
                if due.row:
                    row = self._log_row(with_scores=due.score)
                    bar.set_postfix_str(_progress_text(row))
                    self._monitor.keep_if_best(state)
                    self._monitor.roll_back_if_collapsed(state)
                # Several processes have to agree on when to stop, and asking takes time.
                stopping = self._world.any(stop.requested) if due.row or self._world.size == 1 else False
                if due.grid:
                    self._writer.write_grid()
                if stopping or due.last or (due.checkpoint and self._world.any(self._writer.is_checkpoint_time())):
                    self._meter.update_state()
                    self._writer.write_checkpoints()
                if stopping:
                    raise stop.interruption(f"Step {state.step} of {steps} is saved.")

    def _log_row(self, with_scores: bool) -> dict[str, float]:
        """Add a row to the history, the same one in every process."""
        measured = self._monitor.measure(self._state) if with_scores else {}
        row = self._world.broadcast_object(self._meter.row(self._config.batch_size) | measured)
        self._state.history.append(row)
        self._on_log(row)
        return row


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
            found=f"gan.steps is {config.steps}, but {checkpoints[0]} is already trained for {state.step} steps.",
            expected="A training can only continue, not go back.",
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


def _progress_text(row: dict[str, float]) -> str:
    return (
        f"{row['images_per_second']:.0f} images/s  loss D {row['discriminator_loss']:.2f} "
        f"G {row['generator_loss']:.2f}  D(x) {row['real_score']:.2f}  D(G(z)) {row['synthetic_score']:.2f}"
    )
