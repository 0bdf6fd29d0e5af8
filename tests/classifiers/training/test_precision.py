import pytest
import torch

from classifiers.training.precision import autocast, choose_precision

CPU = torch.device("cpu")


def test_auto_is_bfloat16_exactly_where_the_processor_multiplies_it(monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: True, raising=False)
    assert choose_precision("auto", CPU) == "bfloat16"
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    assert choose_precision("auto", CPU) == "float32"
    monkeypatch.delattr(torch.cpu, "_is_amx_tile_supported")
    assert choose_precision("auto", CPU) == "float32"


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_wanted_precision_is_taken(precision):
    assert choose_precision(precision, CPU) == precision
    with autocast(CPU, precision):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == getattr(torch, precision)
