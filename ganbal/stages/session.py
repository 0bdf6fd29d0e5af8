"""A command at work in a run folder: locked, checked before anything is written, logged, undone when refused."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ganbal.config import dump_config
from ganbal.errors import InputError, SeveralInputErrors
from ganbal.run.folder import Run, create_new_run, now
from ganbal.run.provenance import describe_machine
from ganbal.run.selection import SelectedRun
from ganbal.runtime.atomic_files import remove_leftovers, write_bytes
from ganbal.runtime.cache_paths import cache_folder
from ganbal.runtime.console import Console
from ganbal.runtime.disk_space import check_writable
from ganbal.runtime.distributed import ALONE, World
from ganbal.runtime.links import check_links
from ganbal.runtime.locks import folder_lock
from ganbal.stages.context import RunContext
from ganbal.stages.downloads import fetch_missing
from ganbal.stages.requirements import Requirement, check_requirements, check_study

__all__ = ["Requirement", "open_run"]

_PRELIMINARY = {"inspect"}
"""Stages whose results are discarded if the rest of the command is refused."""


@contextmanager
def open_run(
    selected: SelectedRun, console: Console, purpose: str, *requirements: Requirement, world: World = ALONE
) -> Iterator[RunContext]:
    """Hold the run folder for one command and check all that the command requires; only then write the first file.

    If the command is refused before it produced anything, or fails and leaves all earlier results as they were, the
    run's earlier settings and inspection are restored, and a folder made for it is removed: a refused setting never
    becomes the run's own. The commands that the message suggests continue this run.

    Args:
        purpose: the command, for another command that finds the folder locked.
        requirements: what the command does; none for a command that only reads the run's files.

    Raises:
        InputError: another command uses the folder, a link leads out of it, or requirements are missing.
    """
    run, config = selected.run, selected.config
    check_writable(run.folder, 0)
    check_links(run.folder)
    created = _missing_folders(run.folder)
    if selected.is_unnamed:
        run = create_new_run(run)
        created[:1] = [run.folder]
    try:
        with folder_lock(run.folder, purpose):
            context = RunContext(run, config, console, world)
            earlier = _files_written_early(run)
            try:
                if requirements:
                    _check(context, requirements)
                remove_leftovers(run.folder)
                remove_leftovers(cache_folder())
                with console.log_to(run.log_file):
                    if requirements:
                        _record(context, requirements)
                        fetch_missing(config, requirements, console)
                    yield context
            except Exception as error:
                is_undone = isinstance(error, InputError) or context.undone_stages
                if is_undone and not set(context.finished_stages) - _PRELIMINARY:
                    _restore(run, earlier)
                raise
    except (InputError, SeveralInputErrors) as error:
        if selected.is_unnamed and not run.config_file.is_file():  # the folder is removed
            raise
        raise _naming(run, error) from error
    finally:
        if created and not run.config_file.is_file():
            shutil.rmtree(run.folder, ignore_errors=True)
            for folder in created[1:]:
                with suppress(OSError):
                    folder.rmdir()


def _naming(run: Run, error: InputError | SeveralInputErrors) -> InputError | SeveralInputErrors:
    """The error with advice that names the run."""
    if isinstance(error, SeveralInputErrors):
        return SeveralInputErrors([problem.with_action(run.named_in(problem.action)) for problem in error.problems])
    return error.with_action(run.named_in(error.action))


def _check(context: RunContext, requirements: tuple[Requirement, ...]) -> None:
    check_requirements(context.run, context.config, requirements, context.console)
    if Requirement.IMAGES in requirements:
        context.dataset.table.digest()  # reads every image: this may still find too many unreadable ones
    if Requirement.GAN in requirements:
        for part in context.fractions_with_generators():
            part.dataset.table.digest()  # a fraction may leave too few images
    if Requirement.STUDY in requirements:
        check_study(context, generates=Requirement.GAN in requirements)


def _record(context: RunContext, requirements: tuple[Requirement, ...]) -> None:
    """Write the settings and where the results come from."""
    run, settings = context.run, dump_config(context.config)
    if not run.config_file.is_file() or run.config_file.read_text(encoding="utf-8") != settings:
        run.save_settings(settings)
    data: dict[str, Any] = {}
    if Requirement.IMAGES in requirements:
        data = {"data_digest": context.dataset.table.digest(), "data_imports": list(context.dataset.imports)}
    run.update_provenance(
        **describe_machine(),
        device=str(context.device),
        last_command_at=now(),
        seed=context.config.seed,
        **data,
    )
    context.console.say(f"Run folder: {run.folder}")


def _files_written_early(run: Run) -> dict[Path, bytes]:
    """The content of the files that are written before a command can be refused: settings, provenance, inspection."""
    files = [run.config_file, run.provenance_file, run.data_file]
    if run.figures_folder.is_dir():
        files += run.figures_folder.iterdir()
    return {file: file.read_bytes() for file in files if file.is_file()}


def _restore(run: Run, earlier: Mapping[Path, bytes]) -> None:
    for file in _files_written_early(run).keys() - earlier.keys():
        file.unlink()
    for file, content in earlier.items():
        if not file.is_file() or file.read_bytes() != content:
            write_bytes(file, content)


def _missing_folders(folder: Path) -> list[Path]:
    """`folder` and those of its parents that do not exist, the deepest first."""
    return [place for place in (folder, *folder.parents) if not place.exists()]
