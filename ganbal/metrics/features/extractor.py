"""What an extractor is, and the one shape that all of them have."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import torch

from ganbal.metrics.identity import ExtractorIdentity
from ganbal.metrics.threads import side_by_side


class Extractor(Protocol):
    """Turns images into feature vectors."""

    @property
    def identity(self) -> ExtractorIdentity: ...

    def prepare(self, images: torch.Tensor) -> torch.Tensor:
        """uint8 (B, 1 or 3, H, W) of one shape to float (B, C, S, S) on the extractor's device."""
        ...

    def embed(self, prepared: torch.Tensor) -> torch.Tensor:
        """Float (B, C, S, S) from `prepare` to float32 (B, dims)."""
        ...


@dataclass(frozen=True)
class NetworkExtractor:
    """Resize to the network's input, then run the network."""

    identity: ExtractorIdentity
    to_input: Callable[[torch.Tensor], torch.Tensor]
    """Float images in [0, 1], (B, 1 or 3, H, W), to (B, C, S, S); sizes and channels only, so that images of
    different shapes can share a batch afterwards."""
    network: Callable[[torch.Tensor], torch.Tensor]
    """(B, C, S, S) in [0, 1] to (B, dims); on a CPU called from several threads at once."""
    device: torch.device
    images_at_once: int = 64
    """How many images suit the network best; large maps of many images fall out of a CPU's caches."""

    def prepare(self, images: torch.Tensor) -> torch.Tensor:
        return self.to_input(images.to(self.device).float().div_(255))

    def embed(self, prepared: torch.Tensor) -> torch.Tensor:
        if self.device.type == "cpu":
            features = side_by_side(self.network, prepared, self.images_at_once)
        else:
            features = torch.cat([self.network(part) for part in prepared.split(self.images_at_once)])
        assert features.ndim == 2 and features.shape[1] == self.identity.dims, (
            f"{self.identity.name} gave {tuple(features.shape)}, not (B, {self.identity.dims})"
        )
        return features.float()


def to_rgb(images: torch.Tensor) -> torch.Tensor:
    """(B, 1 or 3, H, W) to (B, 3, H, W), without a copy."""
    return images.expand(-1, 3, -1, -1)


def digest_of_weights(weights: Mapping[str, torch.Tensor]) -> str:
    """SHA-256 over names, shapes and values, for weights that come from no file."""
    total = hashlib.sha256()
    for name in sorted(weights):
        values = weights[name].detach().cpu().contiguous()
        total.update(f"{name} {tuple(values.shape)} {values.dtype}".encode())
        total.update(values.numpy().tobytes())
    return total.hexdigest()
