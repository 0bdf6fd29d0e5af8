"""The cells of a study in processes of their own: who trains them, and what such a process does."""

import functools
import json
import os
from dataclasses import dataclass
from pathlib import Path

import torch

from ganbal.config import Config, StudyConfig, load_config
from ganbal.run.folder import Run
from ganbal.runtime.console import Console
from ganbal.stages.context import RunContext
from ganbal.stages.study_material import study_source
from ganbal.study.cells import Cell
from ganbal.study.executors import Executor, ProcessExecutor, RayExecutor
from ganbal.study.plan import planned_cells
from ganbal.study.running import Elsewhere, finish_cell
from ganbal.study.sources import StudySource

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


def workers_for(context: RunContext) -> Elsewhere | None:
    """How the settings want the study's cells trained; None: in this process, one after another.

    Raises:
        InputError: Ray is wanted and not installed.
    """
    study, is_cuda = context.config.study, context.device.type == "cuda"
    executor: Executor
    if study.executor == "ray":
        executor = RayExecutor(cpus=study.threads, gpus=1.0 if is_cuda else 0.0)
    else:
        workers = number_of_workers(study, is_cuda=is_cuda, cores=os.cpu_count() or 1)
        if workers == 1:
            return None
        executor = ProcessExecutor(workers)
    folder, cache = str(context.run.folder.resolve()), str(context.cache.resolve())
    return Elsewhere(executor, train_cell, functools.partial(CellJob, folder, context.config.model_dump_json(), cache))


def number_of_workers(study: StudyConfig, *, is_cuda: bool, cores: int) -> int:
    """How many processes train at a time."""
    if study.workers != "auto":
        return study.workers
    cells = len(planned_cells(study, seed=0))
    if is_cuda or cells * study.steps < _WORTH_A_PROCESS_STEPS:
        return 1
    return max(1, min(cores // study.threads, MOST_WORKERS, cells))


def train_cell(job: CellJob) -> None:
    """Train the cell, unless it is done, and leave its files in the run folder.

    Raises:
        InputError: as the study itself.
    """
    source, config, device = _material(job.run_folder, job.settings, job.cache_folder)
    finish_cell(
        job.cell,
        source,
        config.study,
        device=device,
        root=Run(Path(job.run_folder)).study_folder,
        feature_cache=Path(job.cache_folder) / "features",
    )


@functools.lru_cache(maxsize=1)
def _material(run_folder: str, settings: str, cache: str) -> tuple[StudySource, Config, torch.device]:
    """Kept between the cells of one worker, which reads the images only once."""
    config = load_config(None, base=json.loads(settings))
    context = RunContext(Run(Path(run_folder)), config, Console(quiet=True), cache=Path(cache))
    return study_source(context), config, context.device
