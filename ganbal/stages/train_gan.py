"""`train-gan`: the generators of a run, for the whole minority class and for every fraction of it."""

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ganbal.config import load_config
from ganbal.run.folder import Run
from ganbal.runtime.atomic_files import read_json, write_json
from ganbal.runtime.console import Console
from ganbal.runtime.distributed import World
from ganbal.runtime.hashing import digest_of
from ganbal.stages.context import RunContext
from ganbal.stages.generators import RunGenerator, generators_of, train_generator


def train_gan(context: RunContext) -> dict[str, Any]:
    """The content of gan/training.json, and that of every fraction with a generator of its own."""
    facts_file = context.run.gan_folder / "training.json"
    generators = generators_of(context.run, context.config, context.dataset)

    def work() -> None:
        context.world.broadcast_object(
            {
                "run": str(context.run.folder),
                "settings": context.config.model_dump(mode="json"),
                "minority_fraction": context.minority_fraction,
            }
        )
        facts = _train_all(context, generators)
        write_json(facts_file, facts[0] | ({"classes": facts} if len(facts) > 1 else {}))

    context.do_stage(
        "train-gan",
        inputs=digest_of(*(generator.fingerprint.to_dict() for generator in generators), context.config.gan.steps),
        outputs=lambda: [facts_file, *(file for generator in generators for file in _files_of(generator))],
        work=work,
    )
    fractions = [train_gan(part) | {"minority_fraction": f} for f, part in _with_generators(context)]
    return read_json(facts_file) | ({"minority_fractions": fractions} if fractions else {})


def assist_training(world: World) -> None:
    """Train with the first process in another process of the same `torchrun`, until the first one has finished."""
    while (job := world.broadcast_object(None)) is not None:
        config = load_config(None, base=job["settings"])
        context = RunContext(Run(Path(job["run"])), config, Console(quiet=True), world)
        part = context.at_fraction(job["minority_fraction"])
        _train_all(part, generators_of(part.run, part.config, part.dataset))


def _train_all(context: RunContext, generators: list[RunGenerator]) -> list[dict[str, Any]]:
    train = functools.partial(train_generator, device=context.device, console=context.console, world=context.world)
    return [train(generator, context.run, context.config, context.dataset) for generator in generators]


def _with_generators(context: RunContext) -> Iterator[tuple[float, RunContext]]:
    for part in context.fractions_with_generators():
        yield part.minority_fraction, part


def _files_of(generator: RunGenerator) -> Iterator[Path]:
    root = generator.folder.root
    for pattern in ("checkpoints/*.pt", "samples/*.png", "history.csv", "*.png", "*.gif"):
        yield from sorted(root.glob(pattern))
