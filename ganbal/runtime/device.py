"""Choosing the device the networks run on."""

import os
from typing import TYPE_CHECKING

from ganbal.errors import InputError

if TYPE_CHECKING:
    import torch


def choose_device(wanted: str) -> "torch.device":
    """`auto` takes CUDA where there is some; `cuda` insists on it. Of several processes each takes a card of its own.

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
    if wanted == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    place = os.environ.get("LOCAL_RANK")  # set by torchrun
    if place is None:
        return torch.device("cuda")
    device = torch.device("cuda", int(place) % torch.cuda.device_count())
    torch.cuda.set_device(device)
    return device
