"""Training cells in several processes: how many, with what, and what each of them does."""

import functools
from dataclasses import dataclass
from pathlib import Path

import torch

from ganbal.config import DataConfig, StudyConfig
from ganbal.data.dataset import load_dataset
from ganbal.runtime.console import Console
from ganbal.runtime.cpus import usable_cpus
from ganbal.runtime.device import choose_device
from ganbal.study.cell import Cell
from ganbal.study.cell_training import finish_cell
from ganbal.study.executors import Executor, ProcessExecutor, RayExecutor
from ganbal.study.plan import classifier_size_px, planned_cells
from ganbal.study.source import StudySource, study_source
from ganbal.synthesis.manifest import SyntheticFolder, read_synthetic

MOST_WORKERS = 8
"""On the CPU: every worker holds the training images of its arm."""
MOST_CUDA_WORKERS = 6
"""Small networks do not fill a GPU; beyond six processes they only wait for one another."""
_WORTH_A_PROCESS_STEPS = 1500
"""A worker takes seconds to start; a study with fewer steps in all is finished sooner without."""
_CUDA_CONTEXT_BYTES = 700_000_000
_FLOATS_PER_PIXEL = 600
"""Activations and gradients of a training step per input pixel: a generous estimate for the registered networks."""
_USABLE_SHARE = 0.85


@dataclass(frozen=True)
class WorkerInputs:
    """Everything a worker needs to train any cell of a study, as plain values.

    Attributes:
        sizes_px: the input sizes of the study's classifiers.
        cache: folder of decoded images and features.
        synthetic_folders: (minority fraction, folder) of the synthetic images; empty where no arm uses them.
    """

    study_folder: Path
    data: DataConfig
    study: StudyConfig
    device: str
    sizes_px: tuple[int, ...]
    cache: Path
    synthetic_folders: tuple[tuple[float, Path], ...] = ()

    def __hash__(self) -> int:
        return hash(self.study_folder)


def choose_executor(study: StudyConfig, device: torch.device) -> Executor | None:
    """The executor that the settings ask for; None trains in this process, one cell after another.

    Raises:
        InputError: the settings name Ray, which is not installed.
    """
    is_cuda = device.type == "cuda"
    if study.executor == "ray":
        return RayExecutor(cpus=study.threads, gpus=1.0 if is_cuda else 0.0)
    free_bytes = torch.cuda.mem_get_info(device)[0] if is_cuda else 0
    spreads = is_cuda and device.index is None  # `cuda:1` stays on that card
    num_gpus = torch.cuda.device_count() if spreads else 1
    workers = number_of_workers(
        study, is_cuda=is_cuda, cores=usable_cpus(), free_cuda_bytes=free_bytes, num_gpus=num_gpus
    )
    return ProcessExecutor(workers, spread_over_gpus=spreads) if workers > 1 else None


def number_of_workers(
    study: StudyConfig, *, is_cuda: bool, cores: int, free_cuda_bytes: int = 0, num_gpus: int = 1
) -> int:
    """How many processes train at the same time.

    `auto` is one per CPU core up to 8 on the CPU. On CUDA it is as many as fit into the memory of each GPU, up to 6 per
    GPU and one per core.

    Args:
        cores: CPU cores that this process may use.
        free_cuda_bytes: free memory of one GPU.
    """
    if study.workers != "auto":
        return study.workers
    num_cells = len(planned_cells(study, seed=0))
    if num_cells * study.steps < _WORTH_A_PROCESS_STEPS:
        return 1
    by_cores = cores // study.threads
    if is_cuda:
        fitting = int(_USABLE_SHARE * free_cuda_bytes // cuda_bytes_per_cell(study))
        return max(1, min(by_cores, num_cells, num_gpus * min(fitting, MOST_CUDA_WORKERS)))
    return max(1, min(by_cores, num_cells, MOST_WORKERS))


def cuda_bytes_per_cell(study: StudyConfig) -> int:
    """GPU memory that the training of the study's largest classifier needs, an upper estimate."""
    largest_px = max(classifier_size_px(name, study) for name in study.classifiers)
    return _CUDA_CONTEXT_BYTES + 4 * _FLOATS_PER_PIXEL * study.batch_size * largest_px**2


def train_in_worker(job: tuple[WorkerInputs, Cell]) -> None:
    """Train one cell unless it is finished, and leave its files in the study folder.

    Raises:
        InputError: as `finish_cell`.
    """
    inputs, cell = job
    source, device = _open(inputs)
    finish_cell(
        cell, source, inputs.study, device=device, root=inputs.study_folder, feature_cache=inputs.cache / "features"
    )


@functools.lru_cache(maxsize=1)
def _open(inputs: WorkerInputs) -> tuple[StudySource, torch.device]:
    """Kept between the cells of one worker, which reads the images once."""
    folders = dict(inputs.synthetic_folders)
    dataset = load_dataset(inputs.data, sizes_px=inputs.sizes_px, cache_root=inputs.cache, console=Console(quiet=True))
    source = study_source(
        dataset,
        inputs.study.protocol,
        lambda fraction: read_synthetic(SyntheticFolder(folders[fraction])) if fraction in folders else None,
    )
    return source, choose_device(inputs.device)
