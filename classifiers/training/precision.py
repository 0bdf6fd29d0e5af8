"""Choosing the number format of network computations: the only place that decides it.

Measured on one core of a Xeon with AMX, training the baseline network, images/s (64 px / 150 px): float32 230 / 37,
channels last 295 / 50, bfloat16 361 / 75, both 592 / 136. The same at 64 px with AMX and AVX-512 switched off:
157, 190, 13, 17. So: channels last always, bfloat16 exactly where the hardware multiplies it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch

Precision = Literal["float32", "bfloat16"]

BFLOAT16_COMPUTE_CAPABILITY = (8, 0)
"""First CUDA compute capability (Ampere) whose hardware multiplies bfloat16."""


def choose_precision(wanted: Literal["auto"] | Precision, device: torch.device) -> Precision:
    """Return the requested precision; "auto" is bfloat16 where the hardware multiplies it, else float32.

    Older GPUs (T4, V100) emulate bfloat16, which is slower than float32, and `torch.cuda.is_bf16_supported()` counts
    that emulation as support. They have fast float16, but its largest number is 65,504 and its smallest normal one
    6e-5: gradients of a GAN leave that range, a loss scaler skips updates when they do, and a skipped update makes the
    two networks take different numbers of steps. They use float32, which needs no such care.
    """
    if wanted != "auto":
        return wanted
    if device.type == "cuda":
        is_fast = torch.cuda.get_device_capability(device) >= BFLOAT16_COMPUTE_CAPABILITY
        return "bfloat16" if is_fast else "float32"
    # torch has no public function for this yet.
    return "bfloat16" if getattr(torch.cpu, "_is_amx_tile_supported", lambda: False)() else "float32"


def autocast(device: torch.device, precision: Precision) -> torch.autocast:
    """The context in which a network computes in `precision`; its weights stay float32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16")


@contextmanager
def true_float32() -> Iterator[None]:
    """Compute float32 products and convolutions in float32 on CUDA, not in TF32 (10 bits of mantissa).

    cuDNN uses TF32 for float32 convolutions by default, so that features and images would differ between CPU and CUDA
    in the third digit. Bfloat16 under autocast is not affected. The previous setting returns at the end of the block.
    """
    matmul, convolutions = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(matmul)
        torch.backends.cudnn.allow_tf32 = convolutions
