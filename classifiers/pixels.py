"""How images lie in arrays: uint8 (N, S, S) in gray, (N, S, S, 3) in color; networks take (B, C, S, S)."""

import numpy as np
import torch
from torch import Tensor


def num_channels(pixels: np.ndarray | Tensor) -> int:
    """1 for (N, S, S), 3 for (N, S, S, 3)."""
    return 1 if pixels.ndim == 3 else int(pixels.shape[3])


def channels_first(pixels: Tensor) -> Tensor:
    """(B, S, S) to (B, 1, S, S), (B, S, S, 3) to (B, 3, S, S): a view of any type."""
    return pixels[:, None] if pixels.ndim == 3 else pixels.permute(0, 3, 1, 2)


def channels_last(images: Tensor) -> Tensor:
    """(B, 1, S, S) to (B, S, S), (B, 3, S, S) to (B, S, S, 3): a view of any type."""
    return images[:, 0] if images.shape[1] == 1 else images.permute(0, 2, 3, 1)


def to_gray(images: Tensor) -> Tensor:
    """(B, 1 or 3, H, W) to (B, 1, H, W): luma of ITU-R 601, as PIL's mode `L`."""
    if images.shape[1] == 1:
        return images
    weights = torch.tensor([0.299, 0.587, 0.114], device=images.device).view(1, 3, 1, 1)
    return (images * weights).sum(dim=1, keepdim=True)
