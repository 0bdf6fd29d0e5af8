"""Choosing the device the networks run on."""

from typing import TYPE_CHECKING

from ganbal.errors import InputError

if TYPE_CHECKING:
    import torch


def choose_device(wanted: str) -> "torch.device":
    """`auto` takes CUDA where there is some; `cuda` insists on it.

    Raises:
        InputError: CUDA was asked for and this machine has none.
    """
    import torch

    if wanted == "cuda" and not torch.cuda.is_available():
        raise InputError(
            expected="a CUDA device, because `device: cuda` was asked for",
            found=f"none that torch {torch.__version__} can use",
            action="Use --device cpu (or auto), or install a CUDA driver and a CUDA build of torch.",
        )
    return torch.device("cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu")
