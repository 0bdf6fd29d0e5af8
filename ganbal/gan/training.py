"""Training the DCGAN: the loop and what it leaves on disk."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from ganbal.config import GanConfig
from ganbal.gan.checkpoint import Identity, resume, save_checkpoint
from ganbal.gan.compilation import fastest_step
from ganbal.gan.monitor import Supervisor
from ganbal.gan.sample_images import write_animation, write_augmentation, write_grid, write_interpolation
from ganbal.gan.state import TrainingState, new_state
from ganbal.gan.train_step import MEASURES
from ganbal.runtime.atomic_files import atomic_path
from ganbal.runtime.console import Console
from ganbal.runtime.distributed import ALONE, World
from ganbal.runtime.signals import stop_on_signal


@dataclass(frozen=True)
class GanFolder:
    """Where a training keeps its files."""

    root: Path

    @property
    def last_checkpoint(self) -> Path:
        return self.root / "checkpoints" / "last.pt"

    @property
    def best_checkpoint(self) -> Path:
        return self.root / "checkpoints" / "best.pt"

    @property
    def chosen_checkpoint(self) -> Path:
        """The one to draw from: the best where one was kept, else the last."""
        return self.best_checkpoint if self.best_checkpoint.is_file() else self.last_checkpoint

    @property
    def history(self) -> Path:
        return self.root / "history.csv"

    def sample_grid(self, step: int) -> Path:
        return self.root / "samples" / f"step_{step:06d}.png"


def train_gan(
    images: np.ndarray,
    config: GanConfig,
    *,
    labels: np.ndarray | None = None,
    identity: Identity,
    seed: int,
    device: torch.device,
    folder: GanFolder,
    console: Console,
    quality: Callable[[np.ndarray], float] | None = None,
    on_log: Callable[[dict[str, float]], None] = lambda row: None,
    world: World = ALONE,
) -> TrainingState:
    """Train until `config.steps`, from the last checkpoint in `folder` where there is one.

    Args:
        images: (N, S, S) uint8, training images of one class, or of several where there are `labels`.
        labels: (N,) int64, each of 0 to K - 1 at least twice: class-conditional networks for K classes are trained.
        identity: what a checkpoint must share with this training (`checkpoint.identity_of`).
        quality: distance of synthetic images (M, S, S) uint8, M/K of each class in the order of the labels, to the
            training images, lower is better; the checkpoint with the lowest is kept as `best.pt`. None keeps none.
        on_log: called with every row of the history.
        world: the processes that train together; each calls this with the same arguments, and only the first writes.

    Raises:
        InputError: the checkpoint is damaged or belongs to another training.
        GanbalError: the training collapsed more often than `config.max_rollbacks` allows.
        InterruptedBySignal: SIGINT or SIGTERM came; a checkpoint of the step reached is on disk.
    """
    state = new_state(config, seed, device, None if labels is None else int(labels.max()) + 1)
    if folder.last_checkpoint.exists():
        resume(folder.last_checkpoint, state, identity)
        console.say(f"Continuing from step {state.step} of {config.steps}.")
    data = torch.from_numpy(np.array(images)).to(device)
    classes = None if labels is None else torch.from_numpy(labels).to(device)
    if world.is_first:
        write_augmentation(folder.root / "augmentation.png", images, config.augment)
    supervisor = Supervisor(config, images, quality, folder.best_checkpoint, identity, console, world, labels)
    train_step, meter = fastest_step(state, data, config, world, console, classes), Meter(state, world)
    with (
        stop_on_signal() as stop,
        console.progress(config.steps, "training the GAN", "step", initial=state.step) as bar,
    ):
        while state.step < config.steps:
            meter.add(train_step())
            bar.update(state.step - bar.n)
            due = Schedule(state.step, config)
            if due.row:
                row = world.tell(meter.row(config.batch_size) | supervisor.measure(state, due.score))
                state.history.append(row)
                on_log(row)
                bar.set_postfix_str(_in_words(row))
                supervisor.keep_if_best(state)
                supervisor.roll_back_if_collapsed(state)
            # Several processes have to agree on when to stop, and asking costs time.
            stopping = world.any(stop.requested) if due.row or world.size == 1 else False
            if due.grid and world.is_first:
                write_grid(folder.sample_grid(state.step), state.average, seed, _details(state, identity))
            if (due.checkpoint or stopping) and world.is_first:
                state.seconds = meter.total_seconds()
                save_checkpoint(folder.last_checkpoint, state, identity)
                write_history(folder.history, state.history)
            if stopping:
                raise stop.interruption(f"Step {state.step} of {config.steps} is saved.")
    if world.is_first:
        write_interpolation(folder.root / "interpolation.png", state.average, seed, _details(state, identity))
        write_animation(folder.root / "progress.gif", sorted((folder.root / "samples").glob("step_*.png")))
    return state


class Schedule:
    """What is due after a step."""

    def __init__(self, step: int, config: GanConfig) -> None:
        last = step == config.steps
        self.score = last or step % config.score_every_steps == 0
        self.row = self.score or step % config.log_every_steps == 0
        self.grid = last or step % config.sample_every_steps == 0
        self.checkpoint = last or step % config.checkpoint_every_steps == 0


class Meter:
    """Means of the measures since the last row, and the speed; waits for the device only when a row is asked for."""

    def __init__(self, state: TrainingState, world: World) -> None:
        self._state, self._world, self._earlier_seconds = state, world, state.seconds
        self._start = self._last_time = time.monotonic()
        self._sums: list[Tensor] = []

    def add(self, measures: Tensor) -> None:
        self._sums.append(measures)

    def row(self, batch_size: int) -> dict[str, float]:
        means = self._world.mean(torch.stack(self._sums).mean(dim=0)).tolist()
        now = time.monotonic()
        speed = len(self._sums) * batch_size / max(now - self._last_time, 1e-9)
        self._sums, self._last_time = [], now
        return {
            "step": self._state.step,
            "images_seen": self._state.step * batch_size,
            **dict(zip(MEASURES, means, strict=True)),
            "images_per_second": speed,
        }

    def total_seconds(self) -> float:
        return self._earlier_seconds + time.monotonic() - self._start


def write_history(path: Path, history: list[dict[str, float]]) -> None:
    with atomic_path(path) as temporary:
        pd.DataFrame(history).to_csv(temporary, index=False, float_format="%.6g")


def _details(state: TrainingState, identity: Identity) -> dict[str, str]:
    return {"step": str(state.step), "seed": str(identity["seed"]), "class": identity["gan.class_name"]}


def _in_words(row: dict[str, float]) -> str:
    return (
        f"{row['images_per_second']:.0f} images/s  loss D {row['discriminator_loss']:.2f} "
        f"G {row['generator_loss']:.2f}  D(x) {row['real_score']:.2f}  D(G(z)) {row['synthetic_score']:.2f}"
    )
