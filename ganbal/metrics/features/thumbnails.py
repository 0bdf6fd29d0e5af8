"""Small gray copies of the images with normalized brightness and contrast, for comparing pixels directly."""

import torch
import torch.nn.functional as F

from classifiers.pixels import to_gray
from ganbal.metrics.features.extractor import NetworkExtractor
from ganbal.metrics.identity import ExtractorIdentity

SIDE_PX = 32


def thumbnail_extractor(device: torch.device, side_px: int = SIDE_PX) -> NetworkExtractor:
    """side_px² numbers per image: area means, with zero mean and unit length.

    The inner product of two thumbnails is their correlation.
    """
    identity = ExtractorIdentity("thumbnail", side_px**2, None, f"area {side_px}")
    return NetworkExtractor(
        identity, lambda images: F.adaptive_avg_pool2d(images, side_px), _standardized, device, convert=to_gray
    )


def _standardized(images: torch.Tensor) -> torch.Tensor:
    flat = images.flatten(1)
    # `eps` keeps a constant image at zero instead of amplifying its rounding.
    return F.normalize(flat - flat.mean(dim=1, keepdim=True), dim=1, eps=1e-4)
