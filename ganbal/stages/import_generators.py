"""Generators that were trained elsewhere, put into a run in place of a training."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ganbal.config import GanConfig
from ganbal.errors import InputError
from ganbal.gan.generator_file import read_generator, write_generator
from ganbal.gan.image_generator import ImageGenerator
from ganbal.run.folder import Run
from ganbal.stages.context import RunContext
from ganbal.stages.generators import generators_of
from ganbal.stages.train_gan import train_gan

_OF_DISCRIMINATORS = ("gan.discriminators", "gan.discriminator_weights", "gan.projection")
"""Settings that a generator from a file does not need, and that may need weights."""


def settings_of(generators: Sequence[ImageGenerator]) -> dict[str, Any]:
    """The settings that shaped the generators, by their full names, so that those of a run with them are true.

    Args:
        generators: at least one.

    Raises:
        InputError: two of them generate the same class.
    """
    first = generators[0].fingerprint
    names = [name for generator in generators for name in generator.class_names]
    if len(set(names)) < len(names):
        raise InputError(
            found=f"The generators are of the classes {', '.join(names)}.",
            expected="A run has one generator of a class.",
            action="Give one generator of each class.",
        )
    shape = {
        name: value
        for name, value in first.settings.items()
        if name.removeprefix("gan.") in GanConfig.model_fields and not name.startswith(_OF_DISCRIMINATORS)
    }
    of_classes = {"gan.conditional": first.is_conditional, "gan.class_names": [] if first.is_conditional else names}
    steps = max(generators[0].step, int(shape.get("gan.pretrain_steps", 0)) + 1)
    return shape | {"gan.class_name": None, "gan.steps": steps} | of_classes


def import_generators(context: RunContext, generators: Sequence[ImageGenerator]) -> dict[str, Any]:
    """Write the generators into the run, which uses them as if it had trained them.

    Returns:
        The content of gan/training.json.

    Raises:
        InputError: a class that the run generates has none, or the run has trained one itself.
    """
    for own in generators_of(context.run, context.config, context.dataset):
        if own.folder.last_checkpoint.is_file():
            raise InputError(
                found=f"The run {context.run.folder} has trained a generator itself.",
                expected="A run has one generator of a class: an imported one or its own.",
                action="Name a new run folder.",
            )
        given = [generator for generator in generators if set(generator.class_names) == set(own.class_names)]
        if len(given) != 1:
            known = "; ".join(", ".join(generator.class_names) for generator in generators)
            raise InputError(
                found=f"{len(given) or 'No'} generator{'s' if given else ''} of {', '.join(own.class_names)} "
                f"{'are' if len(given) > 1 else 'is'} given (given: {known}).",
                expected="Every class that the run generates needs one generator.",
                action="Give one generator of each class.",
            )
        write_generator(own.folder.imported, given[0].stored)
        if given[0].fingerprint.data_digest != own.fingerprint.data_digest:
            context.console.warn(
                f"The generator of {', '.join(own.class_names)} was trained on other images than the training images "
                "of this run. If test images of this run were among them, the study flatters it."
            )
    return train_gan(context)


def has_no_others(run: Run, generators: Sequence[ImageGenerator]) -> bool:
    """Whether a run has no generators, or just these ones, imported."""
    if any(run.gan_folder.rglob("*.pt")):
        return False
    digests = {generator.sha256 for generator in generators}
    return all(_digest_of(file) in digests for file in run.gan_folder.rglob("*.safetensors"))


def _digest_of(file: Path) -> str | None:
    try:
        return read_generator(file).sha256
    except InputError:
        return None
