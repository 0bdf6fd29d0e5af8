import pytest
import torch

from ganbal.config import load_config
from ganbal.errors import InputError
from ganbal.runtime.device import choose_device


@pytest.fixture
def two_gpus(monkeypatch):
    chosen = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    return chosen


@pytest.mark.parametrize(("name", "index"), [("auto", 0), ("cuda", 0), ("cuda:1", 1)])
def test_a_gpu_is_chosen_by_number(two_gpus, name, index):
    assert choose_device(name) == torch.device("cuda", index)
    assert two_gpus == [index]


def test_each_process_of_torchrun_takes_its_own_gpu(two_gpus, monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert choose_device("auto") == torch.device("cuda", 1)


def test_a_gpu_that_is_not_there_is_refused(two_gpus):
    with pytest.raises(InputError, match=r"cuda:2` was requested, but this machine has 2 CUDA devices"):
        choose_device("cuda:2")


def test_without_cuda_auto_is_the_cpu_and_cuda_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("auto") == choose_device("cpu") == torch.device("cpu")
    with pytest.raises(InputError, match="`device: cuda:1` was requested"):
        choose_device("cuda:1")


@pytest.mark.parametrize("name", ["mps", "mps:0", "gpu", "cuda:x", "cuda:"])
def test_other_devices_are_refused_in_the_settings_and_in_python(name):
    expected = "Apple's mps lacks operators" if name.startswith("mps") else "cuda or cuda:N"
    with pytest.raises(InputError, match=expected):
        load_config(None, [f"device='{name}'"])
    with pytest.raises(InputError, match=expected):
        choose_device(name)


def test_a_numbered_gpu_is_a_setting():
    assert load_config(None, ["device=cuda:1"]).device == "cuda:1"
