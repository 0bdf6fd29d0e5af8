"""Training the DCGAN."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn.utils import parametrize

from ganbal.atomic_files import atomic_path
from ganbal.config import GanConfig
from ganbal.console import Console
from ganbal.gan.augmentation import augment
from ganbal.gan.averaging import decay_for_step, update_average
from ganbal.gan.checkpoint import Identity, resume, save_checkpoint
from ganbal.gan.losses import AdversarialLoss, gradient_penalty, hinge, non_saturating
from ganbal.gan.sampling import draw_images, latent_rows
from ganbal.gan.state import TrainingState, new_state
from ganbal.interrupt import stop_on_signal
from ganbal.marked_png import tile, write_synthetic_png

GRID_IMAGES, GRID_COLUMNS = 64, 8
MEASURES = ("discriminator_loss", "generator_loss", "real_score", "synthetic_score")


@dataclass(frozen=True)
class GanFolder:
    """Where a training keeps its files."""

    root: Path

    @property
    def last_checkpoint(self) -> Path:
        return self.root / "checkpoints" / "last.pt"

    @property
    def history(self) -> Path:
        return self.root / "history.csv"

    def sample_grid(self, step: int) -> Path:
        return self.root / "samples" / f"step_{step:06d}.png"


def train_gan(
    images: np.ndarray,
    config: GanConfig,
    *,
    identity: Identity,
    seed: int,
    device: torch.device,
    folder: GanFolder,
    console: Console,
    on_log: Callable[[dict[str, float]], None] = lambda row: None,
) -> TrainingState:
    """Train until `config.steps`, from the last checkpoint in `folder` where there is one.

    Args:
        images: (N, S, S) uint8, training images of one class.
        identity: what a checkpoint must share with this training (`checkpoint.identity_of`).
        on_log: called with every row of the history.

    Raises:
        InputError: the checkpoint is damaged or belongs to another training.
        InterruptedBySignal: SIGINT or SIGTERM came; a checkpoint of the step reached is on disk.
    """
    state = new_state(config, seed, device)
    if folder.last_checkpoint.exists():
        resume(folder.last_checkpoint, state, identity)
        console.say(f"Continuing from step {state.step} of {config.steps}.")
    data = torch.from_numpy(np.array(images)).to(device)
    loss, meter = choose_loss(config), Meter(state)
    with (
        stop_on_signal() as stop,
        console.progress(config.steps, "training the GAN", "step", initial=state.step) as bar,
    ):
        while state.step < config.steps:
            meter.add(train_step(state, data, config, loss))
            bar.update()
            if state.step % config.log_every_steps == 0 or state.step == config.steps:
                row = meter.row(config.batch_size)
                state.history.append(row)
                on_log(row)
                bar.set_postfix_str(_in_words(row))
            if state.step % config.sample_every_steps == 0 or state.step == config.steps:
                save_grid(folder, state, seed, identity)
            due = state.step % config.checkpoint_every_steps == 0 or state.step == config.steps
            if due or stop.requested:
                state.seconds = meter.total_seconds()
                save_checkpoint(folder.last_checkpoint, state, identity)
                write_history(folder.history, state.history)
            stop.raise_if_requested(f"Step {state.step} of {config.steps} is saved.")
    return state


def train_step(state: TrainingState, data: Tensor, config: GanConfig, loss: AdversarialLoss) -> Tensor:
    """One update of the discriminator, then one of the generator, then of the average.

    One generator pass serves both updates: the discriminator learns from the detached images, the generator from the
    same images through the updated discriminator.

    Args:
        data: (N, S, S) uint8 on the device of the networks.

    Returns:
        (4,) float32 on the device, in the order of `MEASURES`; reading it is left to the caller, as it makes the host
        wait for the device.
    """
    random, size = state.random, config.batch_size
    rows = torch.randint(len(data), (size,), generator=random, device=data.device)
    real = augment(to_network_range(data[rows]), config.augment, random)
    latents = torch.randn((size, config.latent_dim), generator=random, device=data.device)

    with autocast(data.device), parametrize.cached():
        synthetic = state.generator(latents)
        real_logits = state.discriminator(real).float()
        synthetic_logits = state.discriminator(augment(synthetic.detach(), config.augment, random)).float()
    loss_d = loss.discriminator(real_logits, synthetic_logits)
    total_d = loss_d
    if config.r1_gamma > 0 and state.step % config.r1_every_steps == 0:
        # In float32: a gradient of a gradient loses too much in bfloat16.
        total_d = loss_d + config.r1_every_steps * config.r1_gamma / 2 * gradient_penalty(state.discriminator, real)
    _update(state.discriminator_optimiser, total_d)

    # The generator needs gradients through the discriminator, not of its weights.
    state.discriminator.requires_grad_(False)
    with autocast(data.device), parametrize.cached():
        logits = state.discriminator(augment(synthetic, config.augment, random)).float()
    loss_g = loss.generator(logits)
    _update(state.generator_optimiser, loss_g)
    state.discriminator.requires_grad_(True)

    state.step += 1
    decay = decay_for_step(state.step * size, size, config.ema_half_life_images)
    update_average(state.average, state.generator, decay)
    scores = torch.stack([real_logits.sigmoid().mean(), synthetic_logits.sigmoid().mean()])
    return torch.cat([torch.stack([loss_d, loss_g]), scores]).detach()


def _update(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    optimiser.step()


def choose_loss(config: GanConfig) -> AdversarialLoss:
    return hinge() if config.loss == "hinge" else non_saturating(config.label_smoothing)


def to_network_range(pixels: Tensor) -> Tensor:
    """(B, S, S) uint8 to (B, 1, S, S) float32 in [-1, 1]."""
    return pixels[:, None].float() / 127.5 - 1.0


def autocast(device: torch.device) -> torch.autocast:
    """bfloat16 where the processor multiplies it in hardware (CUDA, or a CPU with AMX), else float32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision_of(device) == "bfloat16")


def precision_of(device: torch.device) -> str:
    """`bfloat16` or `float32`: measured on 2 cores, bfloat16 doubles the speed with AMX and costs speed without."""
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float32"
    return "bfloat16" if getattr(torch.cpu, "_is_amx_tile_supported", lambda: False)() else "float32"


class Meter:
    """Means of the measures since the last row, and the speed; waits for the device only when a row is asked for."""

    def __init__(self, state: TrainingState) -> None:
        self._state, self._earlier_seconds = state, state.seconds
        self._start = self._last_time = time.monotonic()
        self._sums: list[Tensor] = []

    def add(self, measures: Tensor) -> None:
        self._sums.append(measures)

    def row(self, batch_size: int) -> dict[str, float]:
        means = torch.stack(self._sums).mean(dim=0).tolist()
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


def save_grid(folder: GanFolder, state: TrainingState, seed: int, identity: Identity) -> None:
    """Write the images of the same latents as in every other grid of this training."""
    latents = latent_rows(seed, GRID_IMAGES, state.average.latent_dim)
    images = np.concatenate(list(draw_images(state.average, latents, GRID_IMAGES)))
    details: dict[str, Any] = {"step": state.step, "seed": seed, "class": identity["gan.class_name"]}
    write_synthetic_png(
        folder.sample_grid(state.step), tile(images, GRID_COLUMNS), {k: str(v) for k, v in details.items()}
    )


def write_history(path: Path, history: list[dict[str, float]]) -> None:
    with atomic_path(path) as temporary:
        pd.DataFrame(history).to_csv(temporary, index=False, float_format="%.6g")


def _in_words(row: dict[str, float]) -> str:
    return (
        f"{row['images_per_second']:.0f} images/s  loss D {row['discriminator_loss']:.2f} "
        f"G {row['generator_loss']:.2f}  D(x) {row['real_score']:.2f}  D(G(z)) {row['synthetic_score']:.2f}"
    )
