"""Stage 1: the GAN's training step: plain loop, then the values of `gan.compile`, three alternated rounds."""

import io
import itertools
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import redirect_stderr
from typing import Any

import torch
import train_gan

from ganbal.config import GanConfig, load_config
from gpu_stages.settings import Record, Settings

Size = tuple[int, int, int]
"""Side in pixels, base channels, batch size."""
# configs/default.yaml's size is first: later stages need its speed.
SIZES: dict[Size, tuple[str, ...]] = {
    (160, 64, 32): ("small-data",),
    (64, 32, 64): ("dcgan", "small-data"),
    (64, 64, 64): ("dcgan",),
}
TINY_SIZES: dict[Size, tuple[str, ...]] = {(32, 8, 8): ("dcgan", "small-data")}
PROFILED_SIZE: Size = (160, 64, 32)
SECONDS_WITH_COMPILING = 240
"""Compiling kernels takes half a minute per loop (H200); a shorter time box leaves `gan.compile: always` out."""
Step = Callable[[], Any]


def measure(settings: Settings, record: Record) -> None:
    device = torch.device(settings.device)
    rounds, steps = (1, 2) if settings.tiny else (3, 60)
    sizes = TINY_SIZES if settings.tiny else SIZES
    compiles = modes(device, with_compiling=settings.seconds >= SECONDS_WITH_COMPILING)
    for size, presets in sizes.items():
        name = "{} px, {} channels, batch {}".format(*size)
        pixels = torch.randint(256, (1141, size[0], size[0]), dtype=torch.uint8)
        loops, messages = prepare(size, pixels, device, itertools.product(presets, compiles))
        flop = train_gan.step_flop(pixels, config_of(size, "dcgan", "never"))  # per image
        speeds: dict[str, list[float]] = {loop: [] for loop in loops}
        for _ in range(rounds):
            for loop, step in loops.items():
                speeds[loop].append(steps / train_gan.timed(step, steps, device))
            record.add(**{name: summary(speeds, size, flop, messages)})
        if size == PROFILED_SIZE or settings.tiny:
            config = config_of(size, "small-data", "auto")
            costs = train_gan.largest_costs(pixels, config, device, steps=2 if settings.tiny else 10, most=12)
            record.add(share_of_time=costs, profile_of=name)


def modes(device: torch.device, with_compiling: bool) -> list[str]:
    """The values of `gan.compile` that make a difference on the device; compiling for a CPU takes minutes."""
    if device.type != "cuda":
        return ["never"]
    return ["never", "auto", *(["always"] if with_compiling else [])]


def prepare(
    size: Size, pixels: torch.Tensor, device: torch.device, loops_to_make: Iterable[tuple[str, str]]
) -> tuple[dict[str, Step], dict[str, str]]:
    """(loop → one step of it, loop → what its preparation printed); each loop has its own networks.

    `loops_to_make` has (preset, value of `gan.compile`).

    A way that falls back to a slower one says so there.
    """
    loops, messages = {"plain": train_gan.plain_step(pixels, config_of(size, "dcgan", "never"), device)}, {}
    for preset, mode in loops_to_make:
        name, start = f"{preset}, compile {mode}", time.perf_counter()
        with redirect_stderr(io.StringIO()) as printed:
            try:
                loops[name] = train_gan.project_step(pixels, config_of(size, preset, mode), device)
                loops[name]()
            except Exception as error:  # one way that fails must not stop the others from being measured
                loops.pop(name, None)
                print(f"{type(error).__name__}: {error}", file=printed)
        messages[name] = " ".join(printed.getvalue().split())[:600]
        print(f"{size}: {name}: {time.perf_counter() - start:.1f} s to prepare. {printed.getvalue()}", flush=True)
    return loops, messages


def config_of(size: Size, preset: str, compile_mode: str) -> GanConfig:
    """The preset at this size, with the batch size of the size rather than the preset's."""
    values = zip(("image_size_px", "base_channels", "batch_size"), size, strict=True)
    named = [f"gan.{name}={value}" for name, value in values]
    return load_config(None, [*named, f"gan.preset={preset}", f"gan.compile={compile_mode}"]).gan


def summary(speeds: dict[str, list[float]], size: Size, flop: float, messages: dict[str, str]) -> dict[str, Any]:
    medians = {loop: statistics.median(found) for loop, found in speeds.items()}
    return {
        "steps_per_second": {loop: round(speed, 2) for loop, speed in medians.items()},
        "all_rounds": {loop: [round(each, 2) for each in found] for loop, found in speeds.items()},
        "ratio_to_plain": dict(ratios(medians)),
        "images_per_second": {loop: round(speed * size[2], 1) for loop, speed in medians.items()},
        "gflop_per_image": round(flop / 1e9, 3),
        "tflop_per_second": {loop: round(speed * size[2] * flop / 1e12, 3) for loop, speed in medians.items()},
        "messages": messages,
    }


def ratios(medians: dict[str, float]) -> Iterator[tuple[str, float]]:
    for loop, speed in medians.items():
        if loop != "plain":
            yield loop, round(speed / medians["plain"], 2)
