"""The same study by one process, by two, and by a Ray cluster of two nodes."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from ganbal.cli import main
from ganbal.config import StudyConfig
from ganbal.stages.cell_worker import number_of_workers

SETTINGS = [
    *("data.phantom_images=120", "gan.image_size_px=32", "gan.base_channels=4", "gan.latent_dim=8", "gan.steps=2"),
    *("gan.score_images=8", "study.image_size_px=32", "study.classifiers=[baseline_cnn]", "study.steps=6"),
    *("study.arms=[imbalanced,duplicated]", "study.seeds=2", "study.checks=2", "study.batch_size=8"),
]


def compare(run: Path, *options: str):
    words = [word for setting in SETTINGS for word in ("--set", setting)]
    return CliRunner().invoke(main, ["compare", "--run", str(run), *words, *options], catch_exceptions=False)


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A run that is inspected, and the environment of its cache."""
    root = tmp_path_factory.mktemp("workers")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANBAL_CACHE", str(root / "cache"))
        words = [word for setting in SETTINGS for word in ("--set", setting)]
        done = CliRunner().invoke(main, ["inspect", "--data", "phantom", "--run", str(root / "begun"), *words])
        assert done.exit_code == 0, done.output
        yield root / "begun"


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


@pytest.mark.parametrize(
    ("workers", "steps", "is_cuda", "expected"),
    [
        (3, 1, False, 3),  # as asked for
        ("auto", 10, False, 1),  # 2 · 5 · 10 steps are not worth a process
        ("auto", 1000, False, 4),  # one a core
        ("auto", 1000, True, 1),  # one card, one training
    ],
)
def test_the_number_of_workers(workers, steps, is_cuda, expected):
    study = StudyConfig(arms=("imbalanced", "gan"), classifiers=("vgg16",), seeds=5, steps=steps, workers=workers)
    assert number_of_workers(study, is_cuda=is_cuda, cores=4) == expected


def test_many_cores_do_not_fill_the_memory_and_threads_take_their_cores():
    study = StudyConfig(seeds=20, threads=1)
    assert number_of_workers(study, is_cuda=False, cores=64) == 8
    assert number_of_workers(study.model_copy(update={"threads": 2}), is_cuda=False, cores=4) == 2
