import pytest
import safetensors.torch
import torch

from classifiers.atomic_file import save_tensors


def test_writes_tensors_of_any_layout(tmp_path):
    tensor = torch.arange(6.0).reshape(2, 3).T
    save_tensors(tmp_path / "new" / "a.safetensors", {"t": tensor})
    assert torch.equal(safetensors.torch.load_file(tmp_path / "new" / "a.safetensors")["t"], tensor)


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    target = tmp_path / "a.safetensors"
    save_tensors(target, {"t": torch.zeros(1)})

    def fail(*args, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(safetensors.torch, "save_file", fail)
    with pytest.raises(OSError, match="disk full"):
        save_tensors(target, {"t": torch.ones(1)})
    assert list(tmp_path.iterdir()) == [target]
    assert safetensors.torch.load_file(target)["t"].item() == 0
