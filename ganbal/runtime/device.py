"""Choosing the device that networks run on."""

import os
import re
import sys
from typing import TYPE_CHECKING

from ganbal.errors import InputError
from ganbal.runtime.allocator import keep_freed_memory

if TYPE_CHECKING:
    import torch

DEVICE_PATTERN = r"auto|cpu|cuda(:\d+)?"
"""What `device` may be, as a regular expression."""


# Of NVIDIA's driver, of its embedded boards, of Windows' subsystem for Linux, of AMD's driver.
_GPU_FILES = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/nvhost-gpu", "/dev/nvmap", "/dev/dxg", "/dev/kfd")


def check_device_name(name: str) -> str:
    """The name, if it is `auto`, `cpu`, `cuda` or `cuda:N`.

    Raises:
        ValueError: it is another name.
    """
    if re.fullmatch(DEVICE_PATTERN, name):
        return name
    if name.partition(":")[0] == "mps":
        raise ValueError(
            "must be auto, cpu, cuda or cuda:N; Apple's mps lacks operators that ganbal needs, so use cpu on a Mac"
        )
    raise ValueError("must be auto, cpu, cuda or cuda:N")


def check_gpu(name: str) -> None:
    """Check, without torch, that this machine can have the device: on Linux, every GPU has a file in /dev.

    Raises:
        InputError: a CUDA device is named, and the machine has no GPU.
    """
    if name.startswith("cuda") and sys.platform == "linux" and not any(map(os.path.exists, _GPU_FILES)):
        raise _no_cuda(name, "this machine has no GPU")


def choose_device(name: str) -> "torch.device":
    """Choose a device by name and prepare the process for it.

    A CUDA device becomes the current one; with the CPU, freed memory is kept for the next step. `auto` takes CUDA
    where available. Among several processes started by torchrun, each takes its own GPU unless the name has a number.

    Raises:
        InputError: the name is unknown, or this machine has no such CUDA device.
    """
    import torch

    try:
        check_device_name(name)
    except ValueError as error:
        raise InputError(
            found=f"There is no device {name!r}.",
            expected=f"The device {error}.",
            action="Correct --device.",
        ) from None
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise _no_cuda(name, f"torch {torch.__version__} finds no CUDA device")
    if name == "cpu" or not torch.cuda.is_available():
        keep_freed_memory()
        return torch.device("cpu")
    index = _cuda_index(name, torch.cuda.device_count())
    torch.cuda.set_device(index)  # streams and recorded graphs belong to the current device
    return torch.device("cuda", index)


def _cuda_index(name: str, count: int) -> int:
    """The number of the CUDA device: as named, or the process's place among those of torchrun, or 0."""
    _, colon, number = name.partition(":")
    if not colon:
        return int(os.environ.get("LOCAL_RANK", "0")) % count
    if int(number) >= count:
        raise InputError(
            found=f"`device: {name}` was requested, but this machine has {count} CUDA "
            f"device{'s' if count > 1 else ''}.",
            expected="CUDA devices are numbered from 0.",
            action=f"Use --device cuda:{count - 1} or a lower number.",
        )
    return int(number)


def _no_cuda(name: str, reason: str) -> InputError:
    return InputError(
        found=f"`device: {name}` was requested, but {reason}.",
        expected="A CUDA device needs a GPU, its driver and a CUDA build of torch.",
        action="Use --device cpu (or auto), or install these.",
    )
