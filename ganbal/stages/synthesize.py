"""`synthesize`: generates images with the trained generators and writes their manifest."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ganbal.config import Config
from ganbal.errors import InputError
from ganbal.gan.checkpoint import chosen_checkpoint
from ganbal.run.missing import without_generator
from ganbal.runtime.atomic_files import read_json
from ganbal.runtime.hashing import digest_of, file_digest
from ganbal.stages.context import HELD_OUT_SPLIT, RunContext
from ganbal.stages.generators import RunGenerator, find_generator, generators_of
from ganbal.study.arms.supply import planned_images
from ganbal.study.plan import conditions
from ganbal.synthesis import generate
from ganbal.synthesis.counts import missing_images
from ganbal.synthesis.generate import CandidateSelection, SetMatching, SynthesisRequest
from ganbal.synthesis.matching import match
from ganbal.synthesis.rejection import CopyFilter

_MOST_BYTES = 8_000_000_000


def synthesize(context: RunContext, *, may_replace: bool = True) -> dict[str, Any]:
    """Generate the images that the settings require.

    Args:
        may_replace: whether images that an earlier command generated with other settings may be replaced.

    Returns:
        The content of synthetic/synthesis.json; `minority_fractions` has that of every fraction with its own generator.

    Raises:
        InputError: there are such images, and `may_replace` is false.
    """
    config, folder = context.config, context.synthetic_folder
    counts = images_to_generate(context)
    _check_memory(config, counts, context.dataset.channels)
    sources = _sources(context, counts)
    checkpoints = {name: chosen_checkpoint(generator.folder) for name, generator in sources.items()}
    if not all(file.is_file() for file in checkpoints.values()):
        raise without_generator(context.run, context.minority_fraction, config.study.minority_fractions)

    def work() -> None:
        generate.synthesize(
            _requests(context, counts, checkpoints, sources),
            folder,
            seed=config.seed,
            batch_size=config.synthesis.batch_size,
            device=context.device,
            console=context.console,
        )

    inputs = _inputs(config, counts, checkpoints, context.dataset.table.digest())
    if not may_replace and folder.manifest.is_file() and not context.run.stage_is_done("synthesize", inputs):
        raise InputError(
            found=f"{folder.root} holds {_count_rows(folder.manifest)} synthetic images that were generated with "
            "other settings.",
            expected="The images of a run, their scores and their study belong together.",
            action="Add --overwrite to replace them, or start another run with --run NEW.",
        )
    context.do_stage(
        "synthesize",
        inputs=inputs,
        outputs=lambda: [folder.summary, folder.manifest, *sorted(folder.root.glob("*/synthetic_*.png"))],
        work=work,
        keeps_earlier=True,
    )
    fractions = [
        synthesize(part, may_replace=may_replace) | {"minority_fraction": part.minority_fraction}
        for part in context.fractions_with_generators()
    ]
    # The file may hold another folder, if the run was moved.
    content = read_json(folder.summary) | {"folder": str(folder.root)}
    return content | ({"minority_fractions": fractions} if fractions else {})


def _requests(
    context: RunContext,
    counts: Mapping[str, int],
    checkpoints: Mapping[str, Path],
    sources: Mapping[str, RunGenerator],
) -> list[SynthesisRequest]:
    rejects = context.config.synthesis.reject_copies
    filters = {name: _copy_filter(context, name).is_copy for name in counts if rejects}
    return [
        SynthesisRequest(
            checkpoints[name],
            number,
            name,
            filters.get(name),
            _selection(context, name),
            _matching(context, name),
            context.config.gan.image_size_px,
            context.dataset.channels,
            None if sources[name].folder.is_imported else sources[name].fingerprint.data_digest,
        )
        for name, number in counts.items()
    ]


def _inputs(config: Config, counts: Mapping[str, int], checkpoints: Mapping[str, Path], table_digest: str) -> str:
    """Digest of what the images depend on; choices that are not made leave it as it was without them.

    Args:
        table_digest: of the real images and their splits.
    """
    sources = {name: file_digest(file) if file.is_file() else None for name, file in checkpoints.items()}
    given = [sources, counts, config.seed, config.synthesis.reject_copies]
    given += [config.synthesis.select, config.synthesis.confirm_labels] if config.synthesis.select > 1 else []
    given += [list(config.synthesis.match)] if config.synthesis.match else []
    uses_real_images = config.synthesis.reject_copies or config.synthesis.select > 1 or config.synthesis.match
    return digest_of(*given, *([table_digest] if uses_real_images else []))


def images_to_generate(context: RunContext) -> dict[str, int]:
    """Number of synthetic images per class by the settings; classes without any are left out."""
    config, training = context.config, context.dataset.table.counts()["train"]
    return planned_images(lambda: conditions(config.study), training, config.gan, config.synthesis)


def images_to_suggest(context: RunContext) -> dict[str, int]:
    """The same for the next command, which must not fail: as many images as there are to train on where none is
    missing, as of the largest class; nothing where the next command has an error to report.
    """
    try:
        return images_to_generate(context)
    except InputError:
        name, training = context.class_name, context.dataset.table.counts()["train"]
        return {name: training[name]} if missing_images(training)[name] == 0 else {}


def _count_rows(manifest: Path) -> int:
    with manifest.open(encoding="utf-8", errors="replace") as file:
        return max(0, sum(1 for _ in file) - 1)


def _sources(context: RunContext, counts: Mapping[str, int]) -> dict[str, RunGenerator]:
    """The generator of each class."""
    generators = generators_of(context.run, context.config, context.dataset)
    return {name: find_generator(generators, name) for name in counts}


def _check_memory(config: Config, counts: Mapping[str, int], channels: int) -> None:
    """The images of a class that are selected or matched are in memory together."""
    settings = config.synthesis
    most = max(counts.values(), default=0) * settings.select
    num_bytes = most * channels * config.gan.image_size_px**2
    if (settings.select > 1 or settings.match) and num_bytes > _MOST_BYTES:
        raise InputError(
            found=f"synthesis.select: {settings.select} and synthesis.match: {list(settings.match)} need {most:,} "
            "images at a time.",
            expected=f"They must fit into {_MOST_BYTES / 1e9:.0f} GB of memory.",
            action="Lower synthesis.select, or generate fewer images.",
        )


def _selection(context: RunContext, class_name: str) -> CandidateSelection | None:
    """Selects among candidates by the training images of the class and of the others, if the settings ask for it."""
    config = context.config
    if config.synthesis.select == 1:
        return None
    from ganbal.synthesis.selection import select_images  # trains classifiers, which are slow to load

    others = [name for name in context.dataset.table.classes if name != class_name]
    choose = functools.partial(
        select_images,
        real=_training_images(context, class_name),
        of_others=_training_images(context, *others) if config.synthesis.confirm_labels else None,
        seed=config.seed,
        device=context.device,
    )
    return CandidateSelection(config.synthesis.select, lambda candidates, count: choose(candidates, count=count))


def _matching(context: RunContext, class_name: str) -> SetMatching | None:
    """Matches to the training images of the class what the settings name."""
    names = context.config.synthesis.match
    if not names:
        return None
    training = _training_images(context, class_name)
    return SetMatching(names, lambda images: match(images, training, names))


def _training_images(context: RunContext, *class_names: str) -> np.ndarray:
    """(N, S, S) uint8, class after class."""
    pixels, table = context.dataset.pixels(context.config.gan.image_size_px), context.dataset.table
    return np.array(pixels[np.concatenate([table.rows("train", name) for name in class_names])])


def _copy_filter(context: RunContext, class_name: str) -> CopyFilter:
    """Compares with held-out validation images, not with test images, because rejection changes a training set."""
    pixels, table = context.dataset.pixels(context.config.gan.image_size_px), context.dataset.table
    train, held_out = (pixels[table.rows(split, class_name)] for split in ("train", HELD_OUT_SPLIT))
    return CopyFilter.from_images(train, held_out, device=context.device)
