import pytest
import torch

from classifiers.training.precision import autocast, choose_precision, true_float32

CPU = torch.device("cpu")


def test_auto_is_bfloat16_exactly_where_the_processor_multiplies_it(monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: True, raising=False)
    assert choose_precision("auto", CPU) == "bfloat16"
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    assert choose_precision("auto", CPU) == "float32"
    monkeypatch.delattr(torch.cpu, "_is_amx_tile_supported")
    assert choose_precision("auto", CPU) == "float32"


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_requested_precision_is_used(precision):
    assert choose_precision(precision, CPU) == precision
    with autocast(CPU, precision):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == getattr(torch, precision)


@pytest.mark.parametrize(
    ("capability", "precision"), [((7, 0), "float32"), ((7, 5), "float32"), ((8, 0), "bfloat16"), ((9, 0), "bfloat16")]
)
def test_gpus_that_only_emulate_bfloat16_compute_in_float32(monkeypatch, capability, precision):
    """V100 is 7.0 and T4 is 7.5; torch reports bfloat16 as supported on both."""
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)
    assert choose_precision("auto", torch.device("cuda")) == precision


def test_true_float32_switches_tf32_off_and_back_on(monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    before = torch.get_float32_matmul_precision()
    with pytest.raises(KeyError), true_float32():
        assert not torch.backends.cudnn.allow_tf32
        assert torch.get_float32_matmul_precision() == "highest"
        raise KeyError
    assert torch.backends.cudnn.allow_tf32
    assert torch.get_float32_matmul_precision() == before
