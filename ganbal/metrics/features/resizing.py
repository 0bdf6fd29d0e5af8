"""The two definitions of resizing to a network's input size; scores depend on the choice."""

from typing import Literal, get_args

import torch
import torch.nn.functional as F

ResizeRule = Literal["pytorch-fid", "antialiased"]
RESIZE_RULES: tuple[ResizeRule, ...] = get_args(ResizeRule)


def resize(images: torch.Tensor, size_px: int, rule: ResizeRule) -> torch.Tensor:
    """Resize to a square.

    `pytorch-fid` is bilinear without antialiasing, as in its InceptionV3: shrinking causes aliasing. `antialiased` is
    the definition of clean-fid (Parmar et al. 2022, "On Aliased Resizing and Surprising Subtleties in GAN Evaluation"):
    PIL's antialiased bicubic filter on floating-point channels, clipped to the valid range and not rounded.

    Args:
        images: (B, C, H, W) float in [0, 1].
        size_px: side of the square.
        rule: the definition.

    Returns:
        (B, C, size_px, size_px) float in [0, 1].
    """
    size = (size_px, size_px)
    if rule == "pytorch-fid":
        return F.interpolate(images, size=size, mode="bilinear", align_corners=False)
    return F.interpolate(images, size=size, mode="bicubic", align_corners=False, antialias=True).clamp(0, 1)
