"""Generators that were trained elsewhere, put into a run in place of a training."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ganbal.config import GanConfig, load_config
from ganbal.errors import InputError
from ganbal.gan.generator_file import read_generator, write_generator
from ganbal.gan.image_generator import ImageGenerator
from ganbal.run.folder import Run
from ganbal.run.fraction import FRACTION_PREFIX
from ganbal.stages.context import RunContext
from ganbal.stages.generators import generators_of
from ganbal.stages.train_gan import train_gan

_OF_DISCRIMINATORS = ("gan.discriminators", "gan.discriminator_weights", "gan.projection")
"""Settings that a generator from a file does not need, and that may need weights."""
CHOICES = ("gan.class_name", "gan.class_names", "gan.image_size_px", "gan.steps")
"""What people choose for a generator; `train-gan` has options for it."""


def settings_of(generators: Sequence[ImageGenerator], *, trains_others: bool = False) -> dict[str, Any]:
    """The settings that shaped the generators, by their full names, so that those of a run with them are true.

    Args:
        generators: at least one.
        trains_others: whether the run also trains generators, for fractions of the minority class; they are trained
            like the first of these.

    Raises:
        InputError: two of them generate the same class, or they make images of different sizes or channels.
    """
    first = generators[0].fingerprint
    names = [name for generator in generators for name in generator.class_names]
    if len(set(names)) < len(names):
        raise InputError(
            found=f"The generators are of the classes {', '.join(names)}.",
            expected="A run has one generator per class.",
            action="Give one generator per class.",
        )
    kinds = {(generator.image_size_px, generator.fingerprint.channels) for generator in generators}
    if len(kinds) > 1:
        raise InputError(
            found="The generators make images of "
            + " and ".join(f"{size} px with {channels} channels" for size, channels in sorted(kinds))
            + ".",
            expected="All generators of a run make images of one size, all in gray or all in color.",
            action="Give generators that match.",
        )
    shape = {
        name: value
        for name, value in first.settings.items()
        if name.removeprefix("gan.") in GanConfig.model_fields
        and (trains_others or not name.startswith(_OF_DISCRIMINATORS))
    }
    of_classes = {"gan.conditional": first.is_conditional, "gan.class_names": [] if first.is_conditional else names}
    steps = max(generators[0].step, int(shape.get("gan.pretrain_steps", 0)) + 1)
    return shape | {"gan.class_name": None, "gan.steps": steps} | of_classes


def check_typed_settings(
    assignments: Sequence[str], typed: GanConfig, settings: Mapping[str, Any], *, trains_others: bool
) -> None:
    """Refuse what was typed of `CHOICES` if the generators contradict it; other settings become the generators'.

    Args:
        assignments: `section.field=value`, as typed.
        typed: the settings with them.
        settings: from `settings_of`.
        trains_others: whether the run trains further generators, whose number of steps may be typed.

    Raises:
        InputError: the generators have another value of such a setting.
    """
    own = load_config(None, [f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in settings.items()])
    for name in dict.fromkeys(assignment.partition("=")[0] for assignment in assignments):
        if name not in CHOICES or (trains_others and name == "gan.steps"):
            continue
        given, found = getattr(typed, name.removeprefix("gan.")), getattr(own.gan, name.removeprefix("gan."))
        agrees = given == found
        if name in ("gan.class_name", "gan.class_names"):
            found = own.gan.class_names
            agrees = own.gan.conditional or {*(given if isinstance(given, tuple) else [given])} <= {*found}
        if not agrees:
            raise InputError(
                found=f"{name} is {_in_words(given)}, but the imported generator has {_in_words(found)}.",
                expected="An imported generator is used as it is.",
                action=f"Leave {name} out, or train a generator with it.",
            )


def _in_words(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


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
                expected="A run has one generator per class: an imported one or its own.",
                action="Name a new run folder.",
            )
        given = [generator for generator in generators if set(generator.class_names) == set(own.class_names)]
        if len(given) != 1:
            known = "; ".join(", ".join(generator.class_names) for generator in generators)
            raise InputError(
                found=f"{len(given) or 'No'} generator{'s' if given else ''} of {', '.join(own.class_names)} "
                f"{'are' if len(given) > 1 else 'is'} given (given: {known}).",
                expected="Every class that the run generates needs one generator.",
                action="Give one generator per class.",
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
    folder, fractions = run.gan_folder, list(run.gan_folder.glob(f"{FRACTION_PREFIX}*"))

    def of_the_whole(pattern: str) -> list[Path]:
        return [file for file in folder.rglob(pattern) if not any(file.is_relative_to(each) for each in fractions)]

    if of_the_whole("*.pt"):
        return False
    digests = {generator.sha256 for generator in generators}
    return all(_digest_of(file) in digests for file in of_the_whole("*.safetensors"))


def _digest_of(file: Path) -> str | None:
    try:
        return read_generator(file).sha256
    except InputError:
        return None
