"""Two processes on one machine against one process, over gloo."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from ganbal.cli import main
from ganbal.config import load_config
from ganbal.errors import InputError
from ganbal.gan.checkpoint import read_checkpoint
from ganbal.gan.fingerprint import TrainingFingerprint
from ganbal.gan.folder import GanFolder
from ganbal.gan.state import new_state
from ganbal.gan.train_step import TrainStep
from ganbal.gan.training import train_gan
from ganbal.runtime.console import Console
from ganbal.runtime.distributed import ALONE, World

SETTINGS = ["gan.image_size_px=32", "gan.base_channels=4", "gan.batch_size=16", "gan.latent_dim=8"]
VARIANTS = {
    "small-data": [],
    "spectral, hinge, R1": ["gan.discriminator_norm=spectral", "gan.loss=hinge", "gan.r1_gamma=1"],
    "class-conditional": ["gan.conditional=true", "gan.full_size_channels=2"],
    "adaptive": ["gan.adaptive_augment=true", "gan.adaptive_images=640"],
}
STEPS = 5
IN_FLOAT32 = ("ganbal.gan.training.choose_precision", lambda *_: "float32")


def gradients_and_weights(variant, world=ALONE):
    """The last gradients and the weights of all networks after a few float32 steps, as one vector."""
    config = load_config(None, [*SETTINGS, *VARIANTS[variant]]).gan
    data = torch.randint(256, (40, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    labels = torch.arange(40) % 2 if config.conditional else None
    state = new_state(config, 3, torch.device("cpu"), None if labels is None else 2)
    step = TrainStep(state, data, config, world, labels=labels, precision="float32")
    for _ in range(STEPS):
        step()
    networks = (state.generator, state.discriminator, state.generator_ema)
    tensors = [p.grad for net in networks[:2] for p in net.parameters()]
    tensors += [t.float() for net in networks for t in net.state_dict().values()]
    return torch.cat([t.flatten() for t in (*tensors, state.augment_probability, state.logit_ema)])


def train(folder, steps, world=ALONE):
    """Weights after a training, from its last checkpoint if there is one."""
    every = ["gan.log_every_steps=2", "gan.score_every_steps=2", "gan.score_images=4", "gan.checkpoint_every_steps=3"]
    every.append("gan.checkpoint_every_seconds=0")
    config = load_config(None, [*SETTINGS, *every, f"gan.steps={steps}"]).gan
    images = np.random.default_rng(0).integers(0, 256, (20, 32, 32), dtype=np.uint8)
    fingerprint = TrainingFingerprint.of(config, seed=0, class_names=["NORMAL"], data_digest="")
    where = {"device": torch.device("cpu"), "folder": GanFolder(folder), "console": Console(quiet=True), "world": world}
    train_gan(images, config, fingerprint=fingerprint, seed=0, quality=lambda drawn: float(drawn.mean()), **where)
    state, _ = read_checkpoint(GanFolder(folder).last_checkpoint)
    return torch.cat([t.float().flatten() for part in ("generator", "discriminator") for t in state[part].values()])


def torchrun(*arguments, processes=2):
    command = [sys.executable, "-m", "torch.distributed.run", f"--nproc-per-node={processes}", "--standalone"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(
        [*command, *arguments], env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(scope="module")
def of_two_processes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parallel")
    done = torchrun(__file__, str(folder))
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("variant", VARIANTS)
def test_two_processes_compute_what_one_does_on_the_joined_batch(variant, of_two_processes):
    alone = gradients_and_weights(variant)
    first, second = (torch.load(of_two_processes / f"{variant}_{rank}.pt", weights_only=True) for rank in (0, 1))
    assert torch.equal(first, second)
    torch.testing.assert_close(first, alone, rtol=1e-3, atol=2e-5)


def test_one_process_continues_what_two_processes_began(of_two_processes, tmp_path, monkeypatch):
    monkeypatch.setattr(*IN_FLOAT32)
    continued = train(of_two_processes / "training", 8)
    torch.testing.assert_close(continued, train(tmp_path, 8), rtol=1e-3, atol=1e-4)
    assert (of_two_processes / "training" / "checkpoints" / "best.pt").is_file()


def test_train_gan_runs_under_torchrun_and_continues_without(tmp_path):
    options = ["--run", str(tmp_path / "run"), "--data", "phantom", "--set", "data.phantom_images=60"]
    options += [word for setting in (*SETTINGS, "study.image_size_px=32") for word in ("--set", setting)]
    done = torchrun("-m", "--", "ganbal", "train-gan", *options, "--set", "gan.steps=4")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Generator of NORMAL") == 1
    alone = CliRunner().invoke(main, ["train-gan", *options, "--set", "gan.steps=6"])
    assert alone.exit_code == 0, alone.output
    assert "Continuing from step 4 of 6" in alone.output


def test_other_commands_refuse_several_processes(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    refused = CliRunner().invoke(main, ["compare"])
    assert refused.exit_code == 2
    assert "Only `train-gan` works in several processes" in refused.output


def test_every_row_of_a_batch_belongs_to_one_process():
    parts = [list(range(12))[World(rank, 3).local_slice(12)] for rank in range(3)]
    assert parts == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]


@pytest.mark.parametrize(("batch_size", "size"), [(10, 4), (4, 4)])
def test_a_batch_that_cannot_be_shared_is_refused(batch_size, size):
    with pytest.raises(InputError, match=f"{size} processes. The processes share a batch evenly"):
        World(0, size).local_slice(batch_size)


def _work(folder: Path) -> None:
    from unittest import mock

    from ganbal.runtime.distributed import process_group

    torch.set_num_threads(1)
    with process_group() as world, mock.patch(*IN_FLOAT32):
        assert world.broadcast_object({"from": world.rank}) == {"from": 0}
        assert world.any(world.rank == 1) and not world.any(False)
        for variant in VARIANTS:
            torch.save(gradients_and_weights(variant, world), folder / f"{variant}_{world.rank}.pt")
        train(folder / "training", 4, world)


if __name__ == "__main__":
    _work(Path(sys.argv[1]))
