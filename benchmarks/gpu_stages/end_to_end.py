"""Stage 4: `ganbal run` on configs/default.yaml with a shorter GAN training, killed once and continued."""

import json
import time
from pathlib import Path
from typing import Any

from gpu_stages.commands import Command, wait_until
from gpu_stages.kept_files import keep
from gpu_stages.settings import REPOSITORY, Record, Settings

GAN_SHARE, MOST_GAN_SECONDS = 0.2, 80.0
"""Seconds of GAN training, as a share of the time box and at most. The rest of a run takes about 100 s (estimate)."""
KILL_AFTER_SHARE = 0.4
"""Of the GAN's steps, as far as its history shows them."""
STEPS_PER_SECOND_IF_UNKNOWN = 150.0
SECONDS_OF_A_WHOLE_STUDY = 240.0
"""In a shorter time box, the study has one seed and a third of the steps."""
MILESTONES = {
    "synthetic images": "synthetic/manifest.csv",
    "scores": "scores.json",
    "study": "study/summary.json",
    "report": "report.html",
}
"""Files that show how far a run is; the time of each is recorded, so that a run that is cut off yields figures."""
DEFAULT_SIZE = "160 px, 64 channels, batch 32"
KEPT = [
    *("report.*", "scores.json", "provenance.json", "study/*.json", "study/*.csv", "gan/*.csv", "gan/samples/*"),
    *("synthetic/*.csv", "synthetic/*.json", "synthetic/*/*.png"),
]
"""Files of a run that people look at."""

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
    continue_to_the_end(command, record)
    keep(run, settings.out / "run", KEPT)
    record.add(seconds_after_kill=round(time.perf_counter() - start, 1), **figures_of_run(run))


def continue_to_the_end(command: Command, record: Record) -> None:
    """Run the command and record when it reaches each milestone.

    Raises:
        RuntimeError: its exit code is not 0.
    """
    reached: dict[str, float] = {}
    process, start = command.start(), time.perf_counter()

    def look() -> bool:
        for name, file in MILESTONES.items():
            if name not in reached and (command.run / file).is_file():
                reached[name] = round(time.perf_counter() - start, 1)
                record.add(seconds_from_continuing_to=reached)
        return len(reached) == len(MILESTONES)

    try:
        wait_until(process, look)
        code = process.wait()
    finally:
        process.kill()
    look()
    if code:
        raise RuntimeError(f"`ganbal {command.name}` ended with exit code {code}; see the stage's log.")


def gan_steps(settings: Settings) -> int:
    """As many as fit into the GAN's share of the time box at the speed that stage 1 measured."""
    if settings.tiny:
        return 20
    speeds = settings.earlier("gan").get(DEFAULT_SIZE, {}).get("steps_per_second", {})
    small_data = [speed for loop, speed in speeds.items() if loop.startswith("small-data")]
    seconds = min(MOST_GAN_SECONDS, GAN_SHARE * settings.seconds)
    return round(max(small_data, default=STEPS_PER_SECOND_IF_UNKNOWN) * seconds)


def settings_of_run(settings: Settings) -> list[str]:
    if settings.tiny:
        return TINY
    # The 2048-d layer and VGG16 need weights that the pack has no room for.
    whole = settings.seconds >= SECONDS_OF_A_WHOLE_STUDY
    chosen = [f"score.weights={settings.inception}", f"score.dims={settings.dims}"]
    chosen += ["study.seeds=2"] if whole else ["study.seeds=1", "study.steps=1000"]
    if settings.mobilenet is None:
        return [*chosen, "study.classifiers=[baseline_cnn]"]
    return [*chosen, "study.classifiers=[baseline_cnn,transfer:mobilenet_v2]", f"study.weights={settings.mobilenet}"]


def gan_step(run: Path) -> int:
    """The last step in the GAN's history, 0 before the first row."""
    lines = history.read_text().splitlines() if (history := run / "gan" / "history.csv").is_file() else []
    return int(float(lines[-1].split(",")[lines[0].split(",").index("step")])) if len(lines) > 1 else 0


def figures_of_run(run: Path) -> dict[str, Any]:
    scores = json.loads((run / "scores.json").read_text())
    summary = run / "study" / "summary.json"
    return {
        "cells": len(list((run / "study" / "cells").glob("*/*/*/metrics.json"))),
        "synthetic_images": len(list((run / "synthetic").glob("*/*.png"))),
        "scores": scores,
        "answer": json.loads(summary.read_text()).get("answer"),
    }
