"""The cells of a study in processes of their own: who trains them, and what such a process does."""

import functools
import json
import os
from dataclasses import dataclass
from pathlib import Path

from ganbal.config import StudyConfig, load_config
from ganbal.run.folder import Run
from ganbal.runtime.cache_paths import cache_folder
from ganbal.runtime.console import Console
from ganbal.stages.context import Stages
from ganbal.study.cells import Cell
from ganbal.study.executors import Executor, ProcessExecutor, RayExecutor
from ganbal.study.plan import planned_cells
from ganbal.study.running import Elsewhere

MOST_WORKERS = 8
"""Of `auto`: every worker holds the training images of its arm."""
_WORTH_A_PROCESS_STEPS = 1500
"""A worker takes seconds to start; a study of fewer steps in all is done sooner without."""


@dataclass(frozen=True)
class CellJob:
    """Which cell of which run: all that another process has to be told."""

    run_folder: str
    settings: str
    """The run's settings as JSON."""
    cache_folder: str
    cell: Cell


def workers_for(stages: Stages) -> Elsewhere | None:
    """How the settings want the study's cells trained; None: here, one after another.

    Raises:
        InputError: Ray is wanted and not installed.
    """
    study, is_cuda = stages.config.study, stages.device.type == "cuda"
    executor: Executor
    if study.executor == "ray":
        executor = RayExecutor(cpus=study.threads, gpus=1.0 if is_cuda else 0.0)
    else:
        workers = number_of_workers(study, is_cuda=is_cuda, cores=os.cpu_count() or 1)
        if workers == 1:
            return None
        executor = ProcessExecutor(workers)
    folder = str(stages.run.folder.resolve())
    settings = stages.config.model_dump_json()
    cache = str(cache_folder().resolve())
    return Elsewhere(executor, finish_cell, functools.partial(CellJob, folder, settings, cache))


def number_of_workers(study: StudyConfig, *, is_cuda: bool, cores: int) -> int:
    """How many processes train at a time."""
    if study.workers != "auto":
        return study.workers
    cells = len(planned_cells(study, seed=0))
    if is_cuda or cells * study.steps < _WORTH_A_PROCESS_STEPS:
        return 1
    return max(1, min(cores // study.threads, MOST_WORKERS, cells))


def finish_cell(job: CellJob) -> None:
    """Train the cell, unless it is done, and leave its files in the run folder.

    Raises:
        InputError: as the study itself.
    """
    os.environ["GANBAL_CACHE"] = job.cache_folder  # a worker need not start where the command did
    _stages(job.run_folder, job.settings).finish_cell(job.cell)


@functools.lru_cache(maxsize=1)
def _stages(run_folder: str, settings: str) -> Stages:
    """Kept between the cells of one worker, which so reads the images once."""
    config = load_config(None, base=json.loads(settings))
    return Stages(Run(Path(run_folder)), config, Console(quiet=True))
