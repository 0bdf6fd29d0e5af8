"""Which run folder a command works in, and with which settings."""

from collections.abc import Callable, Sequence
from pathlib import Path

from ganbal.config import Config, load_config
from ganbal.errors import InputError
from ganbal.run.folder import OUTPUTS, Run, new_run, newest_run


def select_run_to_begin(
    run_folder: Path | None,
    config_file: Path | None,
    assignments: Sequence[str],
    settle: Callable[[Config], Config],
    outputs: Path = OUTPUTS,
) -> tuple[Run, Config]:
    """For commands that may start a run: the named folder, the newest run if it has these very settings, or a new one.

    So the same command typed again continues, and one with other settings never disturbs a finished run.

    Args:
        settle: makes explicit what the settings leave to the surroundings (which data).
    """
    if run_folder is not None:
        run = Run(run_folder)
        return run, settle(load_config(config_file, assignments, base=run.settings()))
    config = settle(load_config(config_file, assignments))
    newest = newest_run(outputs)
    if newest is not None and _has_settings(newest, config):
        return newest, config
    return new_run(Path(str(config.data.root)).stem, outputs), config


def select_run_to_continue(
    run_folder: Path | None, config_file: Path | None, assignments: Sequence[str], outputs: Path = OUTPUTS
) -> tuple[Run, Config]:
    """For commands that need a run: the named one or the newest, with its own settings plus those given now.

    Raises:
        InputError: there is no such run.
    """
    run = Run(run_folder) if run_folder is not None else newest_run(outputs)
    settings = run.settings() if run is not None else None
    if run is None or settings is None:
        raise InputError(
            expected=f"a run folder{f' at {run_folder}' if run_folder else f' under {outputs}/'}",
            found="none with a config.yaml in it",
            action="Run `ganbal train-gan` first (or `ganbal run` for everything), or name one with --run DIR.",
        )
    return run, load_config(config_file, assignments, base=settings)


def _has_settings(run: Run, config: Config) -> bool:
    try:
        return load_config(None, (), base=run.settings()) == config
    except InputError:
        return False  # written by another version of ganbal
