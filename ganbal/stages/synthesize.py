"""`synthesize`: images from the trained generators, with a manifest."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganbal.runtime.atomic_files import read_json
from ganbal.runtime.hashing import digest_of, file_digest
from ganbal.stages.context import HELD_OUT_SPLIT, RunContext
from ganbal.stages.generators import find_generator, generators_of
from ganbal.study.arms.supply import planned_images
from ganbal.study.plan import conditions
from ganbal.synthesis import generate
from ganbal.synthesis.generate import SynthesisRequest
from ganbal.synthesis.rejection import CopyFilter


def synthesize(context: RunContext) -> dict[str, Any]:
    """The content of synthetic/synthesis.json, and that of every fraction with a generator of its own."""
    config, folder = context.config, context.synthetic_folder
    training = context.dataset.table.counts()["train"]
    counts = planned_images(lambda: conditions(config.study), training, config.gan, config.synthesis)
    checkpoints = _checkpoints(context, counts)

    def work() -> None:
        rejects = config.synthesis.reject_copies
        filters = {name: _copy_filter(context, name).is_copy for name in counts if rejects}
        generate.synthesize(
            [SynthesisRequest(checkpoints[name], number, name, filters.get(name)) for name, number in counts.items()],
            folder,
            seed=config.seed,
            batch_size=config.synthesis.batch_size,
            device=context.device,
            console=context.console,
        )

    sources = {name: file_digest(file) if file.is_file() else None for name, file in checkpoints.items()}
    context.do_stage(
        "synthesize",
        inputs=digest_of(sources, counts, config.seed, config.synthesis.reject_copies),
        outputs=lambda: [folder.summary, folder.manifest, *sorted(folder.root.glob("*/synthetic_*.png"))],
        work=work,
    )
    fractions = [
        synthesize(part) | {"minority_fraction": part.minority_fraction} for part in context.fractions_with_generators()
    ]
    # Not from the file: the run folder may have been moved since.
    facts = read_json(folder.summary) | {"folder": str(folder.root)}
    return facts | ({"minority_fractions": fractions} if fractions else {})


def _checkpoints(context: RunContext, counts: Mapping[str, int]) -> dict[str, Path]:
    generators = generators_of(context.run, context.config, context.dataset, context.device)
    return {name: find_generator(generators, name).folder.chosen_checkpoint for name in counts}


def _copy_filter(context: RunContext, class_name: str) -> CopyFilter:
    """Compares with validation images, never with test images: the rejected images shape a training set."""
    pixels, table = context.dataset.pixels(context.config.gan.image_size_px), context.dataset.table
    train, held_out = (pixels[table.rows(split, class_name)] for split in ("train", HELD_OUT_SPLIT))
    return CopyFilter.from_images(train, held_out, device=context.device)
