"""An extractor that needs no weights: local cosine-transform energies at several scales.

It responds to sharpness, texture, contrast and coarse layout, and not to anatomy. It suits quick checks and detects
artifacts of upsampling; it is no substitute for a trained network.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

from classifiers.pixels import to_gray
from ganbal.metrics.features.extractor import NetworkExtractor, to_rgb
from ganbal.metrics.features.resizing import resize
from ganbal.metrics.identity import ExtractorIdentity

INPUT_SIZE_PX = 128
_BLOCK = 4
_SCALES = 4
_CELLS = 2
_LAYOUT = 4
DIMS = (_BLOCK**2 - 1) * _SCALES * _CELLS**2 + _LAYOUT**2
_NOTE = "cosine-transform energies, no trained network; for quick checks, not comparable with Inception values"
_COLOR = 3


class CosineEnergies(nn.Module):
    """Log energies of the 15 oscillating 4×4 cosine filters, at 4 scales in 2×2 cells, and a 4×4 thumbnail."""

    filters: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("filters", cosine_filters(_BLOCK)[1:].unsqueeze(1))  # (15, 1, 4, 4)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(B, 1, S, S) in [0, 1] to (B, 256)."""
        parts = [F.adaptive_avg_pool2d(images, _LAYOUT).flatten(1)]
        level = images
        for _ in range(_SCALES):
            response = F.conv2d(level, self.filters).abs()
            # 1/255 is the smallest difference that a file can hold; smaller energies carry no information.
            parts.append(torch.log(F.adaptive_avg_pool2d(response, _CELLS).flatten(1) + 1 / 255))
            level = F.avg_pool2d(level, 2)
        return torch.cat(parts, dim=1)


def cosine_filters(size: int) -> torch.Tensor:
    """The orthonormal two-dimensional cosine basis (DCT-II), (size², size, size); the first one is constant."""
    position = torch.arange(size, dtype=torch.float64)
    frequency = position.unsqueeze(1)
    rows = torch.cos(math.pi * (2 * position + 1) * frequency / (2 * size)) * math.sqrt(2 / size)
    rows[0] /= math.sqrt(2)
    basis = torch.einsum("ij,kl->ikjl", rows, rows)
    return basis.reshape(size**2, size, size).float()


def untrained_extractor(device: torch.device, *, size_px: int = INPUT_SIZE_PX, channels: int = 1) -> NetworkExtractor:
    """256 numbers per image of its luma, or 256 per channel, the same on every machine.

    Args:
        device: where it runs.
        size_px: side to which images are resized with antialiasing; at least 32.
        channels: 1 for the luma, 3 for red, green and blue.
    """
    assert size_px >= 2 ** (_SCALES - 1) * _BLOCK
    in_color, energies = channels == _COLOR, CosineEnergies().to(device)
    name, dims = ("untrained-color", _COLOR * DIMS) if in_color else ("untrained", DIMS)

    def of_each_channel(images: torch.Tensor) -> torch.Tensor:
        """(B, 3, S, S) to (B, 768)."""
        features: torch.Tensor = energies(images.flatten(0, 1)[:, None])
        return features.unflatten(0, (-1, _COLOR)).flatten(1)

    return NetworkExtractor(
        ExtractorIdentity(name, dims, None, f"antialiased {size_px}", _NOTE),
        lambda images: resize(images, size_px, "antialiased"),
        of_each_channel if in_color else energies,
        device,
        convert=to_rgb if in_color else to_gray,
    )
