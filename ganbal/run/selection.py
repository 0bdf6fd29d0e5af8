"""Which run folder a command uses, and with which settings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ganbal.config import Config, load_config
from ganbal.errors import InputError
from ganbal.run.folder import OUTPUTS, Run, new_run, newest_run
from ganbal.runtime.console import Console
from ganbal.runtime.disk_space import check_path


@dataclass(frozen=True)
class RunChoice:
    """What the user typed about the run and its settings.

    Attributes:
        run_folder: None means the newest run.
        config_file: YAML settings.
        preset: name of settings that come with ganbal, which the file overrides.
        assignments: `section.field=value`, which override the file.
    """

    run_folder: Path | None = None
    config_file: Path | None = None
    assignments: Sequence[str] = ()
    preset: str | None = None

    def __post_init__(self) -> None:
        if self.run_folder is not None:
            check_path(self.run_folder, "Name another place with --run DIR.")

    def settings(self, base: Run | None = None) -> Config:
        """The settings of a new run, or those of `base` with what was typed on top."""
        given = base.settings() if base is not None else None
        return load_config(self.config_file, self.assignments, base=given, preset=self.preset)


@dataclass(frozen=True)
class SelectedRun:
    """The run of a command and its settings; `is_unnamed` where a new folder may get another name."""

    run: Run
    config: Config
    is_unnamed: bool = False


def select_run_to_begin(
    choice: RunChoice, console: Console, outputs: Path = OUTPUTS, *, is_usable: Callable[[Run], bool] = lambda run: True
) -> SelectedRun:
    """For commands that may start a run: the named folder, the newest run if it has these very settings, or a new one.

    The same command typed again continues its run, and one with other settings never changes a finished run. The image
    folder is made explicit, so that later commands of the run use the same images.

    Args:
        is_usable: whether the newest run may be continued although its settings are these.
    """
    if choice.run_folder is not None:
        run = Run(choice.run_folder)
        return SelectedRun(run, _with_explicit_data(choice.settings(run), console))
    config = _with_explicit_data(choice.settings(), console)
    newest = newest_run(outputs)
    if newest is not None and _has_settings(newest, config) and is_usable(newest):
        return SelectedRun(newest, config)
    return SelectedRun(new_run(Path(str(config.data.root)).stem, outputs), config, is_unnamed=True)


def select_run_to_continue(choice: RunChoice, outputs: Path = OUTPUTS) -> SelectedRun:
    """For commands that need a run: the named one or the newest, with its own settings plus those given now.

    Raises:
        InputError: there is no such run.
    """
    run = existing_run(choice, outputs)
    if run is None:
        place = f" at {choice.run_folder}" if choice.run_folder else f" under {outputs}/"
        raise InputError(
            found=f"There is no run{place}.",
            expected="A run folder has a config.yaml in it.",
            action="Run `ganbal train-gan` first (or `ganbal run` for everything), or name a run with --run DIR.",
        )
    return SelectedRun(run, choice.settings(run))


def existing_run(choice: RunChoice, outputs: Path = OUTPUTS) -> Run | None:
    """The named run or the newest, if it exists."""
    run = Run(choice.run_folder) if choice.run_folder is not None else newest_run(outputs)
    return run if run is not None and run.config_file.is_file() else None


def run_to_read(folder: Path | None, outputs: Path = OUTPUTS) -> Run:
    """The run at `folder`, or the newest one, for a command that reads its files only.

    Raises:
        InputError: there is no such folder.
    """
    if folder is not None:
        check_path(folder, "Name another run with --run DIR.")
    run = Run(folder) if folder is not None else newest_run(outputs)
    if run is None or not run.folder.is_dir():
        raise InputError(
            found=f"There is no run {f'at {folder}' if folder else f'under {outputs}/'}.",
            expected="The command needs a run with trained classifiers.",
            action="Train some with `ganbal compare` (or `ganbal run`), or name a run with --run DIR.",
        )
    return run


def _with_explicit_data(config: Config, console: Console) -> Config:
    # With this comes pandas, which a refused command does not wait for.
    from ganbal.data.locating import absolute_image_root, resolve_root

    root, origin = resolve_root(config.data)
    if config.data.root is None:
        console.say(f"No --data: using {root} ({origin}).")
    explicit = {"root": root, "image_root": absolute_image_root(config.data)}
    return config.model_copy(update={"data": config.data.model_copy(update=explicit)})


def _has_settings(run: Run, config: Config) -> bool:
    try:
        return load_config(None, (), base=run.settings()) == config
    except InputError:
        return False  # written by another version of ganbal
