"""The same study by one process, by two, and by a Ray cluster of two nodes."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from ganbal.cli import main
from ganbal.config import DataConfig, StudyConfig
from ganbal.runtime.console import Console
from ganbal.study import cell_training
from ganbal.study.arms.image_set import ImageSet, TrainingSet
from ganbal.study.parallel import WorkerInputs, cuda_bytes_per_cell, number_of_workers
from ganbal.study.plan import planned_cells
from ganbal.study.running import ParallelTraining, _train_in_parallel

SETTINGS = [
    *("data.phantom_images=60", "gan.image_size_px=32", "gan.base_channels=4", "gan.latent_dim=8", "gan.steps=2"),
    *("gan.score_images=8", "study.image_size_px=32", "study.classifiers=[baseline_cnn]", "study.steps=6"),
    *("study.arms=[imbalanced,duplicated]", "study.seeds=2", "study.checks=2", "study.batch_size=8"),
]


def compare(run: Path, *options: str):
    words = [word for setting in SETTINGS for word in ("--set", setting)]
    return CliRunner().invoke(main, ["compare", "--run", str(run), *words, *options], catch_exceptions=False)


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """An inspected run; only read."""
    root = tmp_path_factory.mktemp("workers")
    words = [word for setting in SETTINGS for word in ("--set", setting)]
    done = CliRunner().invoke(main, ["inspect", "--data", "phantom", "--run", str(root / "begun"), *words])
    assert done.exit_code == 0, done.output
    return root / "begun"


@pytest.fixture(scope="module")
def by_one_process(begun):
    run = begun.parent / "one"
    shutil.copytree(begun, run)
    done = compare(run, "--workers", "1")
    assert done.exit_code == 0, done.output
    return (run / "study" / "results.csv").read_bytes()


def test_two_processes_find_the_same(begun, by_one_process):
    run = begun.parent / "two"
    shutil.copytree(begun, run)
    done = compare(run, "--workers", "2")
    assert done.exit_code == 0, done.output
    assert (run / "study" / "results.csv").read_bytes() == by_one_process


def test_a_ray_cluster_of_two_nodes_finds_the_same(begun, by_one_process):
    ray = pytest.importorskip("ray")
    cluster_utils = pytest.importorskip("ray.cluster_utils")
    run = begun.parent / "ray"
    shutil.copytree(begun, run)
    cluster = cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    try:
        cluster.add_node(num_cpus=1)
        ray.init(address=cluster.address, log_to_driver=False, logging_level="error")
        assert len(ray.nodes()) == 2
        done = compare(run, "--executor", "ray")
        assert done.exit_code == 0, done.output
    finally:
        ray.shutdown()
        cluster.shutdown()
    assert (run / "study" / "results.csv").read_bytes() == by_one_process


def test_two_workers_train_no_finished_cell_again(begun, by_one_process):
    run = begun.parent / "one"
    (run / "study" / "summary.json").unlink()
    done = compare(run, "--workers", "2")
    assert done.exit_code == 0, done.output
    assert (run / "study" / "results.csv").read_bytes() == by_one_process


STUDY = StudyConfig(arms=("imbalanced", "gan"), classifiers=("vgg16",), seeds=5, steps=1000)


def test_trainings_at_the_same_time_divide_the_threads_among_them(monkeypatch, tmp_path):
    """With `workers: auto` each of six trainings on a GPU once had as many threads as one alone."""
    monkeypatch.setattr(cell_training, "usable_cpus", lambda: 16)
    inputs = WorkerInputs(tmp_path, DataConfig(), STUDY, device="cuda", sizes_px=(32,), cache=tmp_path)
    assert inputs.study.workers == "auto"
    images = ImageSet(np.zeros((4, 32, 32), dtype=np.uint8), np.arange(4) % 2)
    training_set, threads = TrainingSet(images), []

    class SixProcesses:
        workers = 6

        def each(self, task, items, on_wait):
            threads.extend(
                cell_training.training_config(job.study, cell, training_set, torch.device("cuda")).num_workers
                for job, cell in items
            )
            return iter(items)

    _train_in_parallel(planned_cells(STUDY, 0)[:2], 0, ParallelTraining(SixProcesses(), inputs), Console(quiet=True))
    assert threads == [1, 1]  # 16 CPUs for 6 trainings: one for the training, one for its images
    alone = cell_training.training_config(STUDY, planned_cells(STUDY, 0)[0], training_set, torch.device("cuda"))
    assert alone.num_workers == 8


@pytest.mark.parametrize(
    ("settings", "cores", "expected"),
    [
        ({"workers": 3, "steps": 1}, 4, 3),  # as requested
        ({"steps": 10}, 4, 1),  # 2 · 5 · 10 steps are not worth a process
        ({}, 4, 4),  # one per core
        ({}, 64, 8),  # every worker holds images
        ({"seeds": 2}, 64, 4),  # no more than cells
        ({"threads": 2}, 4, 2),
        ({}, 1, 1),
    ],
)
def test_workers_on_the_cpu(settings, cores, expected):
    assert number_of_workers(STUDY.model_copy(update=settings), is_cuda=False, cores=cores) == expected


@pytest.mark.parametrize(
    ("gigabytes", "cores", "num_gpus", "expected"),
    [
        (80, 16, 1, 6),  # large cards: more would only wait
        (80, 16, 2, 10),  # two cards, as many as there are cells
        (14.6, 16, 1, 5),  # a T4
        (7.5, 16, 1, 2),
        (1, 16, 1, 1),  # tries one in any case
        (80, 3, 1, 3),  # each needs a core
    ],
)
def test_workers_on_cuda_fit_into_free_memory(gigabytes, cores, num_gpus, expected):
    free = int(gigabytes * 1e9)
    # 150 px, batches of 32: 0.7 GB of CUDA context and 4 · 600 · 32 · 150² bytes.
    assert cuda_bytes_per_cell(STUDY) == 700_000_000 + 1_728_000_000
    found = number_of_workers(STUDY, is_cuda=True, cores=cores, free_cuda_bytes=free, num_gpus=num_gpus)
    assert found == expected
