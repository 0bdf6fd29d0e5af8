"""Stage 5: `ganbal run` on configs/default.yaml with 80 s of GAN training, killed once and continued."""

import json
import shutil
import time
from pathlib import Path
from typing import Any

from gpu_stages.commands import Command, ganbal, wait_until
from gpu_stages.settings import REPOSITORY, Record, Settings

GAN_SECONDS = 80
KILL_AFTER_SHARE = 0.4
"""Of the GAN's steps, as far as its history shows them."""
STEPS_PER_SECOND_IF_UNKNOWN = 60.0
DEFAULT_SIZE = "160 px, 64 channels, batch 32"
LARGEST_FILE_BYTES = 8_000_000

TINY = [
    *("gan.image_size_px=32", "gan.base_channels=4", "gan.batch_size=8", "gan.latent_dim=8", "gan.score_images=16"),
    *("gan.sample_every_steps=20", "gan.checkpoint_every_steps=5", "gan.score_every_steps=20", "gan.log_every_steps=5"),
    *("study.image_size_px=32", "study.classifiers=[baseline_cnn]", "study.seeds=1", "study.steps=4"),
    *("study.checks=2", "study.batch_size=8", "study.workers=1", "score.metrics=[fid]", "score.extractor=untrained"),
    *("study.keep_models=false", "score.floor_splits=2"),
]


def measure(settings: Settings, record: Record) -> None:
    """Raises RuntimeError where a command fails."""
    run, steps = settings.scratch / "run", gan_steps(settings)
    chosen = [f"gan.steps={steps}", *settings_of_run(settings)]
    record.add(gan_steps=steps, settings=chosen)
    command = Command("run", settings, run, chosen, config=REPOSITORY / "configs" / "default.yaml")

    start = time.perf_counter()
    process = command.start()
    try:
        if not wait_until(process, lambda: gan_step(run) >= KILL_AFTER_SHARE * steps):
            process.wait()
        killed_at = gan_step(run)
    finally:
        process.kill()
    process.wait()
    record.add(seconds_until_kill=round(time.perf_counter() - start, 1), killed_at_step=killed_at)

    start = time.perf_counter()
    ganbal(command)
    keep(run, settings.out / "run")
    record.add(seconds_after_kill=round(time.perf_counter() - start, 1), **figures_of_run(run))


def gan_steps(settings: Settings) -> int:
    """As many as take `GAN_SECONDS` at the speed that stage 2 measured."""
    if settings.tiny:
        return 20
    speeds = settings.earlier("gan").get(DEFAULT_SIZE, {}).get("steps_per_second", {})
    small_data = [speed for loop, speed in speeds.items() if loop.startswith("small-data")]
    return round(max(small_data, default=STEPS_PER_SECOND_IF_UNKNOWN) * GAN_SECONDS)


def settings_of_run(settings: Settings) -> list[str]:
    if settings.tiny:
        return TINY
    # The 2048-d layer and VGG16 need weights that the pack has no room for.
    chosen = [f"score.weights={settings.inception}", f"score.dims={settings.dims}", "study.seeds=2"]
    if settings.mobilenet is None:
        return [*chosen, "study.classifiers=[baseline_cnn]"]
    return [*chosen, "study.classifiers=[baseline_cnn,transfer:mobilenet_v2]", f"study.weights={settings.mobilenet}"]


def gan_step(run: Path) -> int:
    """The last step in the GAN's history, 0 before the first row."""
    lines = history.read_text().splitlines() if (history := run / "gan" / "history.csv").is_file() else []
    return int(float(lines[-1].split(",")[lines[0].split(",").index("step")])) if len(lines) > 1 else 0


def keep(run: Path, target: Path) -> None:
    """Copy what a person looks at: sample grids, figures, report, scores, tables."""
    wanted = ("report.*", "scores.json", "provenance.json", "study/*.json", "study/*.csv", "gan/*.csv", "gan/samples/*")
    for file in (file for pattern in wanted for file in run.glob(pattern)):
        if file.stat().st_size <= LARGEST_FILE_BYTES:
            copy = target / file.relative_to(run)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)


def figures_of_run(run: Path) -> dict[str, Any]:
    scores = json.loads((run / "scores.json").read_text())
    summary = run / "study" / "summary.json"
    return {
        "cells": len(list((run / "study" / "cells").glob("*/*/*/metrics.json"))),
        "synthetic_images": len(list((run / "synthetic").glob("*/*.png"))),
        "scores": scores,
        "answer": json.loads(summary.read_text()).get("answer"),
    }
