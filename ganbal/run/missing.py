"""What a run lacks for a command, as errors that name the commands which make it."""

from collections.abc import Sequence

from ganbal.errors import InputError
from ganbal.run.folder import Run


def has_generator(run: Run) -> bool:
    """Whether there is a checkpoint or an imported generator, also of a training that was interrupted."""
    return any(next(run.gan_folder.glob(f"**/*.{suffix}"), None) is not None for suffix in ("pt", "safetensors"))


def without_generator(run: Run, fraction: float, fractions: Sequence[float]) -> InputError:
    """The error that a generator is missing.

    Args:
        fraction: of the minority class that it would have seen.
        fractions: study.minority_fractions.
    """
    train, synthesize = _train_command(run, fractions), run.command("synthesize")
    if fraction == 1:
        return InputError(
            found=f"There is no trained generator in {run.folder}.",
            expected="This step needs one.",
            action=f"Run `{train}` first.",
        )
    return InputError(
        found=f"There is no generator for {100 * fraction:g} % of the minority class.",
        expected="Every fraction of the study needs a generator that has seen only its images.",
        action=f"Run `{train}`, then `{synthesize}`: both process every fraction.",
    )


def without_synthetic_images(run: Run, fraction: float, fractions: Sequence[float]) -> InputError:
    """The error that there are no synthetic images; arguments as above."""
    train, synthesize = _train_command(run, fractions), run.command("synthesize")
    if fraction != 1:
        action = f"Run `{train}`, then `{synthesize}`: both process every fraction."
    else:
        action = f"Run `{synthesize}` first." if has_generator(run) else f"Run `{train}`, then `{synthesize}`."
    return InputError(
        found=f"There are no synthetic images: {run.synthetic_folder / 'manifest.csv'} is missing.",
        expected="This step needs the manifest that lists them.",
        action=action,
    )


def _train_command(run: Run, fractions: Sequence[float]) -> str:
    listed = f"study.minority_fractions=[{','.join(f'{each:g}' for each in fractions)}]"
    return run.command("train-gan", *(["--set", listed] if tuple(fractions) != (1.0,) else []))
