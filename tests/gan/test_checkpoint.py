import copy
import io
import zipfile

import numpy as np
import pytest
import torch

from ganbal.config import load_config
from ganbal.errors import InputError
from ganbal.gan.checkpoint import chosen_checkpoint, load_generator, read_checkpoint, resume, save_checkpoint
from ganbal.gan.fingerprint import TrainingFingerprint
from ganbal.gan.folder import GanFolder
from ganbal.gan.state import new_state
from ganbal.gan.train_step import TrainStep
from ganbal.gan.training import train_gan
from ganbal.runtime.console import Console

CPU = torch.device("cpu")
SMALL = ["gan.image_size_px=32", "gan.base_channels=4", "gan.batch_size=8", "gan.latent_dim=8"]


def settings(*assignments):
    return load_config(None, [*SMALL, "gan.score_every_steps=2", *assignments]).gan


def fingerprint_of(config, seed=0):
    return TrainingFingerprint.of(config, seed=seed, class_names=["NORMAL"], data_digest="abc")


def images():
    return np.random.default_rng(0).integers(0, 256, (20, 32, 32), dtype=np.uint8)


def train(folder, config, distances=(), console=None):
    remaining = iter(distances)
    return train_gan(
        images(),
        config,
        fingerprint=fingerprint_of(config),
        seed=0,
        device=CPU,
        folder=GanFolder(folder),
        console=console or Console(quiet=True),
        quality=(lambda _: next(remaining)) if distances else None,
    )


@pytest.fixture
def saved(tmp_path):
    """A checkpoint after two steps."""
    config = settings()
    state = new_state(config, 0, CPU)
    step = TrainStep(state, torch.from_numpy(images()), config)
    step(), step()
    save_checkpoint(tmp_path / "last.pt", state.state_dict(), fingerprint_of(config))
    return tmp_path / "last.pt"


def test_equal_states_give_equal_files(saved, tmp_path):
    content, fingerprint = read_checkpoint(saved)
    save_checkpoint(tmp_path / "another_name.pt", content, fingerprint)
    assert (tmp_path / "another_name.pt").read_bytes() == saved.read_bytes()


def test_a_flipped_bit_in_any_part_is_noticed(saved):
    """torch.load checks no sums: a weight with a flipped exponent bit would be 8e36."""
    content = saved.read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = [part for part in archive.infolist() if part.file_size]
    for part in (parts[0], parts[len(parts) // 2], max(parts, key=lambda part: part.file_size)):
        header = content[part.header_offset + 26 : part.header_offset + 30]
        start = part.header_offset + 30 + int.from_bytes(header[:2], "little") + int.from_bytes(header[2:], "little")
        damaged = bytearray(content)
        damaged[start + part.file_size // 2] ^= 0x40
        saved.write_bytes(damaged)
        with pytest.raises(InputError, match="cannot be read"):
            load_generator(saved, CPU)


@pytest.mark.parametrize("missing", ["format", "fingerprint", "state", "generator_ema", "random", "step", "settings"])
def test_a_checkpoint_without_a_part_is_refused_when_it_is_continued(saved, missing):
    content = torch.load(saved, weights_only=True)
    for place in (content, content["state"], content["fingerprint"]):
        place.pop(missing, None)
    torch.save(content, saved)
    with pytest.raises(InputError, match="cannot be read"):
        resume(saved, new_state(settings(), 0, CPU), fingerprint_of(settings()))


@pytest.mark.parametrize("missing", ["format", "fingerprint", "state", "generator_ema", "step", "settings"])
def test_a_checkpoint_without_a_part_is_refused_when_it_is_sampled(saved, missing):
    content = torch.load(saved, weights_only=True)
    for place in (content, content["state"], content["fingerprint"]):
        place.pop(missing, None)
    torch.save(content, saved)
    with pytest.raises(InputError, match="cannot be read"):
        load_generator(saved, CPU)


def test_another_kind_of_device_continues_with_new_random_numbers(saved):
    """The random states of CPU and CUDA differ in size: 5,056 and 16 bytes."""
    content = torch.load(saved, weights_only=True)
    content["state"] |= {"random": torch.zeros(16, dtype=torch.uint8), "random_device": "cuda"}
    torch.save(content, saved)
    states = [new_state(settings(), seed, CPU) for seed in (0, 0, 1)]
    assert not any(resume(saved, state, fingerprint_of(settings())) for state in states)
    first, again, other = (torch.rand(4, generator=state.random).tolist() for state in states)
    assert first == again != other
    assert states[0].step == 2
    begin = torch.rand(4, generator=new_state(settings(), 0, CPU).random).tolist()
    assert first != begin  # the stream depends on the step as well


def test_the_change_of_device_is_reported_and_training_goes_on(tmp_path, capsys):
    train(tmp_path, settings("gan.steps=2"))
    file = GanFolder(tmp_path).last_checkpoint
    content = torch.load(file, weights_only=True)
    content["state"] |= {"random": torch.zeros(16, dtype=torch.uint8), "random_device": "cuda"}
    torch.save(content, file)
    assert train(tmp_path, settings("gan.steps=4"), console=Console()).step == 4
    assert "random numbers start again" in capsys.readouterr().err


def test_settings_that_shape_weights_are_compared_and_others_are_not(saved):
    same = settings("gan.steps=7", "gan.compile=never", "gan.checkpoint_every_seconds=5")
    assert resume(saved, new_state(same, 0, CPU), fingerprint_of(same))
    other = settings("gan.learning_rate=0.001")
    with pytest.raises(InputError, match=r"gan.learning_rate: 0.0002 there, 0.001 now"):
        resume(saved, new_state(other, 0, CPU), fingerprint_of(other))
    with pytest.raises(InputError, match="seed: 0 there, 3 now"):
        resume(saved, new_state(settings(), 3, CPU), fingerprint_of(settings(), seed=3))


def test_loading_shares_nothing_with_what_was_loaded():
    config = settings()
    state = new_state(config, 0, CPU)
    step = TrainStep(state, torch.from_numpy(images()), config)
    step()
    content = copy.deepcopy(state.state_dict())
    kept = copy.deepcopy(content)
    state.load_state_dict(content)
    step()
    for name in ("generator_optimizer", "discriminator_optimizer"):
        for number, entry in kept[name].items():
            assert torch.equal(entry["step"], content[name][number]["step"])
            assert torch.equal(entry["exp_avg"], content[name][number]["exp_avg"])


def test_fewer_steps_than_trained_are_refused(tmp_path):
    train(tmp_path, settings("gan.steps=4"))
    with pytest.raises(InputError, match=r"gan.steps is 3, but .* 4 steps.*Set gan.steps to 4 or more"):
        train(tmp_path, settings("gan.steps=3"))


def test_a_missing_best_checkpoint_is_refused_for_sampling_and_replaced_by_training(tmp_path, capsys):
    train(tmp_path, settings("gan.steps=4"), distances=[1.0, 2.0])
    folder = GanFolder(tmp_path)
    assert chosen_checkpoint(folder) == folder.best_checkpoint
    folder.best_checkpoint.unlink()
    with pytest.raises(InputError, match=r"best checkpoint of the generator \(step 2\)"):
        chosen_checkpoint(folder)
    state = train(tmp_path, settings("gan.steps=4"), distances=[2.0])
    assert "(step 2) is missing. The state of step 4 takes its place" in capsys.readouterr().err
    assert (state.best_step, state.best_distance) == (4, 2.0)
    assert load_generator(chosen_checkpoint(folder), CPU).step == 4


def test_a_missing_last_checkpoint_is_trained_again_from_the_best(tmp_path):
    train(tmp_path / "whole", settings("gan.steps=6"), distances=[2.0, 1.0, 3.0])
    train(tmp_path / "lost", settings("gan.steps=6"), distances=[2.0, 1.0, 3.0])
    lost, whole = GanFolder(tmp_path / "lost"), GanFolder(tmp_path / "whole")
    lost.last_checkpoint.unlink()
    train(tmp_path / "lost", settings("gan.steps=6"), distances=[3.0])
    first, second = (read_checkpoint(folder.last_checkpoint)[0] for folder in (whole, lost))
    for part in ("generator", "discriminator", "generator_ema"):
        assert all(torch.equal(first[part][name], second[part][name]) for name in first[part])


def test_checkpoints_are_at_least_so_many_seconds_apart(tmp_path):
    def die(row):
        raise KeyError("killed")

    for name, seconds, expected in (("often", 0, True), ("seldom", 3600, False)):
        config = settings("gan.steps=6", "gan.checkpoint_every_steps=2", f"gan.checkpoint_every_seconds={seconds}")
        config = config.model_copy(update={"log_every_steps": 5, "score_every_steps": 100})
        with pytest.raises(KeyError):
            train_gan(
                images(),
                config,
                fingerprint=fingerprint_of(config),
                seed=0,
                device=CPU,
                folder=GanFolder(tmp_path / name),
                console=Console(quiet=True),
                on_log=die,
            )
        assert GanFolder(tmp_path / name).last_checkpoint.is_file() is expected


@pytest.mark.gpu
def test_checkpoints_go_from_cpu_to_cuda_and_back(tmp_path):
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    cuda = torch.device("cuda", torch.cuda.current_device())
    config = settings("gan.compile=never")
    for number, device in enumerate((CPU, cuda, CPU, cuda)):
        longer = config.model_copy(update={"steps": 4 * (number + 1)})
        state = train_gan(
            images(),
            longer,
            fingerprint=fingerprint_of(config),
            seed=0,
            device=device,
            folder=GanFolder(tmp_path),
            console=Console(quiet=True),
        )
        steps = {float(entry["step"]) for entry in state.generator_optimizer.state_dict()["state"].values()}
        assert steps == {4.0 * (number + 1)}
