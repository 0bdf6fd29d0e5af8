"""Stage 11, only if named: the rows of document 002 with GAN images, from images to the table of `ganbal reproduce`.

The generator in .gpu/published.safetensors, or one of configs/default.yaml, trained for as long as the time box allows,
makes 2,500 images. Then the baseline
CNN and VGG16 are trained on the original and on the balanced set under both protocols, with 3 seeds and then with 5, if
there is time. VGG16 needs the pack of `prepare --content published`, and is left out without it.
"""

import json
import shutil
from pathlib import Path
from typing import Any

from gpu_stages.commands import Command, ganbal
from gpu_stages.end_to_end import DEFAULT_SIZE, KEPT, STEPS_PER_SECOND_IF_UNKNOWN
from gpu_stages.kept_files import keep
from gpu_stages.settings import REPOSITORY, Record, Settings

GENERATOR = REPOSITORY / ".gpu" / "published.safetensors"
GAN_SHARE = 0.2
"""Seconds of GAN training, as a share of the time box."""
NUM_IMAGES = 2500
NUM_SEEDS = (3, 5)
LONGEST_ROUND_OF_FIRST = 1.0
"""The second round is not begun with less time left than this multiple of the first one's (estimate)."""
BASELINE, VGG16 = "springboard_baseline_cnn", "springboard_vgg16"

TINY_GAN = [
    *("gan.image_size_px=32", "gan.base_channels=4", "gan.batch_size=8", "gan.latent_dim=8", "gan.score_images=16"),
    *("gan.sample_every_steps=4", "gan.checkpoint_every_steps=4", "gan.score_every_steps=4", "gan.log_every_steps=4"),
]
TINY_STUDY = ["study.image_size_px=32", "study.steps=3", "study.checks=1", "study.batch_size=8", "study.workers=1"]


def measure(settings: Settings, record: Record) -> None:
    """Every finished round of seeds is a figure.

    Raises:
        RuntimeError: a command fails.
    """
    run = settings.scratch / "published"
    train_or_take_generator(settings, record, run)
    number = 20 if settings.tiny else NUM_IMAGES
    ganbal(Command("synthesize", settings, run, [f"synthesis.num_images={number}"]))
    keep(run, settings.out / "published", KEPT)
    first_seconds = 0.0
    systems = [BASELINE, VGG16] if settings.vgg16 or settings.tiny else [BASELINE]
    for seeds in (1,) if settings.tiny else NUM_SEEDS:
        if record.seconds_left < LONGEST_ROUND_OF_FIRST * first_seconds:
            record.add(note=f"{record.seconds_left:.0f} s were left, not enough for {seeds} seeds")
            break
        options = ["--seeds", str(seeds), *(word for name in systems for word in ("--only", name))]
        seconds = ganbal(Command("reproduce", settings, run, assignments(settings), options=options))
        first_seconds = first_seconds or seconds
        record.add(**{f"seconds_with_{seeds}_seeds": round(seconds, 1)}, systems=rows(run))
        for name in ("reproduction.json", "reproduction.csv"):
            shutil.copyfile(run / name, settings.out / "published" / name)


def train_or_take_generator(settings: Settings, record: Record, run: Path) -> None:
    if GENERATOR.is_file() and not settings.tiny:
        record.add(generator=GENERATOR.name)
        ganbal(Command("train-gan", settings, run, [], options=["--from", str(GENERATOR)]))
        return
    steps, default = gan_steps(settings), REPOSITORY / "configs" / "default.yaml"
    given = [f"gan.steps={steps}", *(TINY_GAN if settings.tiny else [])]
    seconds = ganbal(Command("train-gan", settings, run, given, config=default))
    record.add(gan_steps=steps, gan_seconds=round(seconds, 1))


def gan_steps(settings: Settings) -> int:
    if settings.tiny:
        return 4
    speeds = settings.earlier("gan").get(DEFAULT_SIZE, {}).get("steps_per_second", {})
    speed = max((each for loop, each in speeds.items() if loop.startswith("small-data")), default=None)
    return round((speed or STEPS_PER_SECOND_IF_UNKNOWN) * GAN_SHARE * settings.seconds)


def assignments(settings: Settings) -> list[str]:
    weights = "none" if settings.vgg16 is None else f"{{vgg16: {settings.vgg16}}}"
    return [f"study.weights={weights}", *(TINY_STUDY if settings.tiny else [])]


def rows(run: Path) -> list[dict[str, Any]]:
    """What was published and what was found, per system and protocol."""
    found = []
    for system in json.loads((run / "reproduction.json").read_text())["systems"]:
        row = {name: system[name] for name in ("name", "arm", "skipped")}
        row["published"] = system["published"]["accuracy"]
        found.append(row | {protocol: figures["accuracies"] for protocol, figures in system["protocols"].items()})
    return found
