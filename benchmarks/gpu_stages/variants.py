"""Stage 7: how fast the search's variants train: alone, and several processes at a time with and without MPS."""

import multiprocessing
from typing import Any

import torch
import train_gan
from search_generator import VARIANTS_FILE, Variant, read_variants

from ganbal.config import load_config
from gpu_stages.mps import control_program, multi_process_service
from gpu_stages.settings import Record, Settings

ALONE = (
    "small-data, rates x 2",
    "small-data, rates x 2, full-size layer",
    "small-data, rates x 2, full-size layer, batches of 64",
    "small-data, rates x 2, full-size layer, 64 channels",
    "relativistic, 0.05, full-size layer",
    "residual generator with skips and noise, relativistic, 0.05",
    "half projected and relativistic, 0.05",
)
TOGETHER = "small-data, rates x 2, full-size layer"
PROCESSES = 4
TINY = ["gan.image_size_px=32", "gan.base_channels=4", "gan.latent_dim=8", "gan.batch_size=8"]
SECONDS_TO_WAIT = 60.0


def measure(settings: Settings, record: Record) -> None:
    """Each speed is recorded as it comes.

    Raises:
        RuntimeError: a process failed.
    """
    variants = {variant.name: variant for variant in read_variants(VARIANTS_FILE)}
    together = variants[TOGETHER]
    count = 2 if settings.tiny else PROCESSES
    record.add(processes=count, **{f"{count} processes": speeds_together(settings, together, count)})
    if settings.device != "cpu":
        if control_program() is None:
            record.add(mps="not installed")
        else:
            with multi_process_service(settings.scratch / "mps"):
                record.add(**{f"{count} processes, MPS": speeds_together(settings, together, count)})
    alone: dict[str, float | str] = {}
    for name in ALONE[1:2] if settings.tiny else ALONE:
        try:
            alone[name] = speed(settings, variants[name])
        except Exception as error:  # one variant that fails must not stop the others from being measured
            alone[name] = f"{type(error).__name__}: {error}"[:300]
        record.add(images_per_second_alone=alone)


def speed(settings: Settings, variant: Variant, barrier: Any = None) -> float:
    """Images per second; with a barrier, of the time in which the other processes train as well."""
    device = torch.device(settings.device)
    size = TINY if settings.tiny else ["gan.image_size_px=64", "gan.base_channels=32"]
    weights = f"gan.projection_weights={settings.mobilenet or 'none'}"
    config = load_config(None, [*size, *variant.settings, *(TINY if settings.tiny else []), weights]).gan
    pixels = torch.randint(256, (1141, config.image_size_px, config.image_size_px), dtype=torch.uint8)
    step, steps = train_gan.project_step(pixels, config, device), 2 if settings.tiny else 400
    if barrier is not None:
        barrier.wait(SECONDS_TO_WAIT)
    return round(steps * config.batch_size / train_gan.timed(step, steps, device), 1)


def speeds_together(settings: Settings, variant: Variant, count: int) -> list[float]:
    context = multiprocessing.get_context("spawn")
    barrier, queue = context.Barrier(count), context.Queue()
    processes = [context.Process(target=_train, args=(settings, variant, barrier, queue)) for _ in range(count)]
    for process in processes:
        process.start()
    try:
        found = [queue.get(timeout=2 * SECONDS_TO_WAIT) for _ in processes]
    finally:
        for process in processes:
            process.join(2.0)
            process.kill()
    if errors := [each for each in found if isinstance(each, str)]:
        raise RuntimeError(errors[0])
    return found


def _train(settings: Settings, variant: Variant, barrier: Any, queue: Any) -> None:
    try:
        queue.put(speed(settings, variant, barrier))
    except Exception as error:
        queue.put(f"{type(error).__name__}: {error}"[:500])
