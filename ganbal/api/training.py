"""`ganbal.train_gan`: trains a generator as the command `ganbal train-gan` does."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ganbal import pipeline
from ganbal.api.arguments import check_argument
from ganbal.api.choices import Settings, carry_out
from ganbal.api.data import Data, as_data
from ganbal.errors import InputError
from ganbal.gan.checkpoint import chosen_checkpoint
from ganbal.gan.folder import GanFolder
from ganbal.gan.image_generator import ImageGenerator
from ganbal.run.folder import Run
from ganbal.run.tracking.callback import Callback


def train_gan(
    data: Data | str | Path,
    class_name: str | None = None,
    *,
    steps: int | None = None,
    run: str | Path | None = None,
    config: str | Path | Settings | None = None,
    preset: str | None = None,
    settings: Settings | None = None,
    seed: int | None = None,
    device: str | None = None,
    callbacks: Sequence[Callback] = (),
    quiet: bool = False,
    **fields: Any,
) -> ImageGenerator:
    """Train a generator on the training images of one class, in a run folder.

    As with the command, the same call continues a training that was interrupted, and a finished one is not repeated.

    Example:
        >>> generator = ganbal.train_gan(data, class_name="NORMAL", steps=8000, batch_size=32)
        >>> generator.sample(4, seed=0).shape
        (4, 160, 160)

    Args:
        data: what `ganbal.load` returned, or what it takes.
        class_name: None takes the minority class; a class-conditional generator (`conditional=True`) has all classes.
        steps: optimizer steps in all.
        run: the run folder. None takes the newest run under `outputs/` if its settings are these, else a new folder
            there.
        config, preset, settings, seed, device: as for `ganbal.load`; they override those of the data.
        callbacks: programs of yours that follow the training, beside those of the setting `tracking`.
        quiet: print warnings only.
        **fields: settings of section `gan` by their names, such as `image_size_px=64`.

    Raises:
        InputError: wrong settings, no such class, or too few images.
        GanbalError: training collapsed repeatedly.
        InterruptedBySignal: interrupted; the state is saved, and the same call continues.
    """
    data, followers = as_data(data, quiet=quiet), _callbacks(callbacks)
    given = {"class_name": class_name, "steps": steps} | fields
    choices = data.choices.updated(
        "gan", given, config=config, preset=preset, settings=settings, seed=seed, device=device
    )
    choices.check()
    gan = choices.choice().settings().gan
    if len(gan.class_names) > 1:
        raise InputError(
            found=f"gan.class_names names {len(gan.class_names)} classes.",
            expected="In Python, a call trains one generator.",
            action="Call train_gan once for each class, or train one generator of all classes with conditional=True.",
        )
    if gan.class_name is None and not gan.class_names and not gan.conditional:
        choices = choices.updated("gan", {"class_name": data.minority_class})
    outcome = carry_out(pipeline.train_gan, choices.choice(run), quiet=quiet, callbacks=followers)
    return generator_of_run(Path(outcome.content["run"]), choices.choice().settings().device)


def _callbacks(given: Any) -> list[Callback]:
    callbacks = list(given) if isinstance(given, Iterable) else [given]
    is_right = isinstance(given, Iterable) and all(isinstance(each, Callback) for each in callbacks)
    check_argument("callbacks", given, is_right=is_right, expected="It must be a list of ganbal.Callback objects.")
    return callbacks


def generator_of_run(folder: Path, device: str = "auto") -> ImageGenerator:
    """The generator of a run with a single one, from its best checkpoint.

    Raises:
        InputError: there is none.
    """
    checkpoint = chosen_checkpoint(GanFolder(Run(folder).gan_folder))
    return replace(ImageGenerator.load(checkpoint, device), run=folder)
