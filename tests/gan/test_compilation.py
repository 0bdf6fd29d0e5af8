import pytest
import torch

from ganbal.config import load_config
from ganbal.gan.compilation import fastest_step
from ganbal.gan.state import new_state
from ganbal.runtime.console import Console
from ganbal.runtime.distributed import ALONE

SMALL = ["gan.image_size_px=32", "gan.base_channels=4", "gan.batch_size=8", "gan.latent_dim=8"]


@pytest.fixture
def prepared():
    config = load_config(None, [*SMALL, "gan.compile=always"]).gan
    data = torch.randint(256, (20, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    return new_state(config, 0, torch.device("cpu")), data, config


def weights_of(state):
    return torch.cat([p.detach().flatten().clone() for p in state.generator.parameters()])


def count_compilations(monkeypatch, replacement):
    """Put `replacement` in the place of torch.compile; the list grows with every call."""
    calls = []

    def stand_in(network, mode):
        calls.append(mode)
        return replacement(network)

    monkeypatch.setattr(torch, "compile", stand_in)
    return calls


def test_a_compiled_step_is_taken_when_its_rehearsal_agrees_and_the_state_is_untouched(prepared, monkeypatch, capsys):
    state, data, config = prepared
    calls = count_compilations(monkeypatch, lambda network: network)
    before, random_before = weights_of(state), state.random.get_state()
    step = fastest_step(state, data, config, ALONE, Console())
    assert calls == ["default"] * 4  # two networks in the rehearsal, two in the training
    assert torch.equal(weights_of(state), before) and torch.equal(state.random.get_state(), random_before)
    assert state.step == 0
    step()
    assert state.step == 1
    assert "does not serve" not in capsys.readouterr().err


def test_a_compiler_that_fails_is_done_without(prepared, monkeypatch, capsys):
    def broken(network):
        def call(*inputs):
            raise RuntimeError("no C++ compiler")

        return call

    calls = count_compilations(monkeypatch, broken)
    step = fastest_step(*prepared, ALONE, Console())
    assert len(calls) == 2
    assert "does not serve here (RuntimeError: no C++ compiler)" in capsys.readouterr().err
    assert torch.isfinite(step()).all()


def test_a_compiler_that_computes_something_else_is_done_without(prepared, monkeypatch, capsys):
    count_compilations(monkeypatch, lambda network: lambda inputs: 3.0 * network(inputs))
    fastest_step(*prepared, ALONE, Console())
    assert "its losses differ by" in capsys.readouterr().err


def test_a_cpu_does_not_compile_unless_asked(prepared, monkeypatch):
    state, data, config = prepared
    calls = count_compilations(monkeypatch, lambda network: network)
    fastest_step(state, data, config.model_copy(update={"compile": "auto"}), ALONE, Console())
    assert calls == []
