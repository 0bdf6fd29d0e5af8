"""Small grey copies of the images with brightness and contrast taken out, for comparing pixels with pixels."""

import torch
import torch.nn.functional as F

from ganbal.metrics.features.extractor import NetworkExtractor
from ganbal.metrics.features.resizing import to_grey
from ganbal.metrics.identity import ExtractorIdentity

SIDE_PX = 32


def thumbnail_extractor(device: torch.device, side_px: int = SIDE_PX) -> NetworkExtractor:
    """side_px² numbers an image: area means, with zero mean and unit length.

    The inner product of two thumbnails is their correlation.
    """
    identity = ExtractorIdentity("thumbnail", side_px**2, None, f"area {side_px}")
    return NetworkExtractor(
        identity, lambda images: F.adaptive_avg_pool2d(to_grey(images), side_px), _standardised, device
    )


def _standardised(images: torch.Tensor) -> torch.Tensor:
    flat = images.flatten(1)
    # The floor keeps an empty image at zero instead of blowing its rounding up.
    return F.normalize(flat - flat.mean(dim=1, keepdim=True), dim=1, eps=1e-4)
