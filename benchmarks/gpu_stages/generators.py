"""Stage 12, only if named: generators trained side by side for equally long, with two seeds of the best variant.

In contrast to the search, time is equal and not the number of images, and nothing is measured here: out/generators/
holds an exported generator, its history and a sample grid per variant, for `ganbal synthesize` on any machine.
"""

import shutil
import signal
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from search_generator import VARIANTS_FILE, Variant, read_variants

from ganbal.gan.checkpoint import read_stored_generator
from ganbal.gan.folder import GanFolder
from ganbal.gan.generator_file import write_generator
from gpu_stages.commands import Command, Process
from gpu_stages.settings import Record, Settings

BEST = "small-data, rates x 2, full-size layer, batches of 64"


@dataclass(frozen=True)
class Training:
    """One generator.

    Attributes:
        variant: of the search.
        class_name: whose images are generated; None is the minority class.
    """

    variant: str
    seed: int = 0
    class_name: str | None = None

    @property
    def name(self) -> str:
        return ", ".join([self.variant, f"seed {self.seed}", *([self.class_name] if self.class_name else [])])


TRAININGS = (
    Training(BEST),
    Training(BEST, seed=1),
    Training("relativistic, 0.05, full-size layer, batches of 64"),
    Training("small-data, rates x 2, full-size layer, 64 channels, batches of 64"),
    Training(BEST, class_name="PNEUMONIA"),
)
"""The candidates after "Five variants side by side on a GPU" in docs/lab/generator.md, and the larger class."""
SECONDS_TO_SAVE = 25.0
"""Before the end of the time box: checkpoints are written and exported."""
MORE_STEPS_THAN_EVER = 100_000_000
TINY_SECONDS = 20.0
TINY = [
    *("gan.image_size_px=32", "gan.base_channels=4", "gan.latent_dim=8", "gan.batch_size=8", "gan.score_images=16"),
    *("gan.score_every_steps=20", "gan.log_every_steps=5", "gan.sample_every_steps=20"),
]


def measure(settings: Settings, record: Record) -> None:
    """Raises RuntimeError where a training ends before it is told to."""
    variants = {variant.name: variant for variant in read_variants(VARIANTS_FILE)}
    chosen = TRAININGS[: 1 if settings.tiny else None]
    runs = {training.name: settings.scratch / f"generator-{number}" for number, training in enumerate(chosen)}
    start = time.perf_counter()
    processes = {
        training.name: command_of(settings, variants[training.variant], training, runs[training.name]).start()
        for training in chosen
    }
    try:
        end = time.monotonic() + (TINY_SECONDS if settings.tiny else record.seconds_left - SECONDS_TO_SAVE)
        while time.monotonic() < end and not all(process.has_ended for process in processes.values()):
            time.sleep(0.5)
        ended = [name for name, process in processes.items() if process.has_ended]
        stop(processes.values())
    finally:
        for process in processes.values():
            process.kill()
    record.add(seconds=round(time.perf_counter() - start, 1), ended_too_early=ended)
    for number, (name, run) in enumerate(runs.items()):
        record.add(**{name: keep(GanFolder(run / "gan"), settings.out / "generators" / str(number))})
    if ended:
        raise RuntimeError(f"training ended early, see the stage's log: {'; '.join(ended)}")


def command_of(settings: Settings, variant: Variant, training: Training, run: Path) -> Command:
    given = ["gan.image_size_px=64", "gan.base_channels=32", "gan.sample_every_steps=5000", *variant.settings]
    given += [*(TINY if settings.tiny else []), f"gan.steps={MORE_STEPS_THAN_EVER}", f"seed={training.seed}"]
    given += [f"gan.class_name={training.class_name}"] if training.class_name else []
    return Command("train-gan", settings, run, given)


def stop(processes: Collection[Process]) -> None:
    """SIGTERM makes a training save its state and end."""
    for process in processes:
        process.send(signal.SIGTERM)
    end = time.monotonic() + SECONDS_TO_SAVE / 2
    while time.monotonic() < end and not all(process.has_ended for process in processes):
        time.sleep(0.1)


def keep(folder: GanFolder, target: Path) -> dict[str, int]:
    """Export the last and the best generator.

    Returns:
        The number of steps of each.
    """
    target.mkdir(parents=True, exist_ok=True)
    steps = {}
    for name, file in (("last", folder.last_checkpoint), ("best", folder.best_checkpoint)):
        if file.is_file():
            stored = read_stored_generator(file)
            write_generator(target / f"{name}.safetensors", stored)
            steps[name] = stored.step
    for file in (folder.history, *sorted(folder.samples.glob("*.png"))[-1:]):
        if file.is_file():
            shutil.copyfile(file, target / file.name)
    return steps
