import pytest
import torch

from ganbal.config import load_config
from ganbal.gan.acceleration import copy_of, fastest_step, relative_difference, training_kernels, ways_to_try
from ganbal.gan.state import new_state
from ganbal.gan.train_step import TrainStep
from ganbal.runtime.console import Console
from ganbal.runtime.distributed import ALONE

CPU = torch.device("cpu")
SMALL = ["gan.image_size_px=32", "gan.base_channels=4", "gan.batch_size=8", "gan.latent_dim=8"]


@pytest.fixture
def prepared():
    config = load_config(None, [*SMALL, "gan.compile=always"]).gan
    images = torch.randint(256, (20, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    return new_state(config, 0, CPU), images, config


def snapshot(state):
    """All tensors of a state: weights, optimizer moments and step counts, random state."""
    tensors = [tensor for net in (state.generator, state.discriminator) for tensor in net.state_dict().values()]
    for optimizer in (state.generator_optimizer, state.discriminator_optimizer):
        tensors += [tensor for entry in optimizer.state_dict()["state"].values() for tensor in entry.values()]
    return [tensor.clone() for tensor in (*tensors, state.random.get_state())]


def stand_in_for_compile(monkeypatch, replacement):
    monkeypatch.setattr(torch, "compile", replacement)


def test_a_rehearsal_leaves_the_state_of_a_continued_training_untouched(prepared, monkeypatch):
    """Optimizers adopt the tensors they load: a rehearsal on a shallow copy would advance Adam's moments and steps."""
    state, images, config = prepared
    plain = TrainStep(state, images, config)
    for _ in range(3):
        plain()
    stand_in_for_compile(monkeypatch, lambda function: function)
    before = snapshot(state)
    step = fastest_step(state, images, config, ALONE, Console(quiet=True))
    assert all(torch.equal(*pair) for pair in zip(before, snapshot(state), strict=True))
    step()
    assert state.step == 4


def test_a_copy_shares_nothing_and_continues_alike(prepared):
    state, images, config = prepared
    TrainStep(state, images, config)()
    copy = copy_of(state, config)
    assert all(torch.equal(*pair) for pair in zip(snapshot(state), snapshot(copy), strict=True))
    before = snapshot(state)
    second = TrainStep(copy, images, config)()
    assert all(torch.equal(*pair) for pair in zip(before, snapshot(state), strict=True))
    assert torch.equal(second, TrainStep(state, images, config)())


def test_a_compiler_that_fails_is_reported_and_plain_steps_are_used(prepared, monkeypatch, capsys):
    def broken(function):
        def call(*inputs):
            raise RuntimeError("no C++ compiler")

        return call

    stand_in_for_compile(monkeypatch, broken)
    step = fastest_step(*prepared, ALONE, Console())
    assert "Compiled kernels not available here (RuntimeError: no C++ compiler)" in capsys.readouterr().err
    assert torch.isfinite(step()).all()


def test_a_compiler_that_computes_something_else_is_not_used(prepared, monkeypatch, capsys):
    state, images, config = prepared
    stand_in_for_compile(monkeypatch, lambda function: lambda *inputs: 3.0 * function(*inputs))
    step = fastest_step(state, images, config, ALONE, Console())
    assert "its losses differ by" in capsys.readouterr().err
    assert torch.equal(step(), TrainStep(new_state(config, 0, CPU), images, config)())


def test_a_cpu_does_not_compile_unless_requested(prepared, monkeypatch, capsys):
    state, images, config = prepared
    stand_in_for_compile(monkeypatch, lambda function: pytest.fail("compiled"))
    fastest_step(state, images, config.model_copy(update={"compile": "auto"}), ALONE, Console())()
    assert capsys.readouterr().err == ""


def test_on_cuda_steps_are_recorded_and_compiled_only_on_request(prepared):
    config = prepared[2]
    for compile_mode, expected in (("auto", [(False, True)]), ("never", [])):
        ways = ways_to_try(config.model_copy(update={"compile": compile_mode}), torch.device("cuda"))
        assert [(way.compiled, way.recorded) for way in ways] == expected
    ways = ways_to_try(config.model_copy(update={"compile": "always"}), torch.device("cuda"))
    assert [(way.compiled, way.recorded) for way in ways] == [(True, True), (False, True), (True, False)]


def test_losses_are_compared_relative_to_their_size():
    expected = torch.tensor([[100.0, 0.5], [200.0, 0.0]])
    # 5 of at most 200, and 0.02 of at most 0.5: an absolute tolerance of 0.1 would refuse the first and take both.
    assert relative_difference(expected, expected + torch.tensor([[0.0, 0.02], [5.0, 0.0]])) == pytest.approx(0.04)
    assert relative_difference(torch.zeros(1, 1), torch.full((1, 1), 0.001)) == pytest.approx(0.1)
    assert not relative_difference(expected, torch.full_like(expected, torch.nan)) < 1


def test_training_measures_kernels_on_cuda_only_and_never_uses_tf32(monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    for device, benchmark in (("cuda", True), ("cpu", False)):
        with training_kernels(torch.device(device)):
            assert torch.backends.cudnn.benchmark is benchmark
            assert not torch.backends.cudnn.allow_tf32
        assert not torch.backends.cudnn.benchmark and torch.backends.cudnn.allow_tf32
