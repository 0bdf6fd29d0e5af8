"""The interface of feature extractors, and the structure that all of them share."""

import hashlib
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from classifiers.pixels import channels_first
from classifiers.training.precision import true_float32
from ganbal.metrics.identity import ExtractorIdentity
from ganbal.metrics.threads import run_in_parts

_LARGE_PIXELS = 16_000_000
"""Images above this size are resized one channel at a time: float32 takes four bytes per value."""
_ARRAY_BATCH = 64


class Extractor(Protocol):
    """Maps images to feature vectors."""

    @property
    def identity(self) -> ExtractorIdentity: ...

    @property
    def device(self) -> torch.device: ...

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
    resize: Callable[[torch.Tensor], torch.Tensor]
    """Float images in [0, 1], (B, 1 or 3, H, W), to (B, 1 or 3, S, S), each channel independently."""
    network: Callable[[torch.Tensor], torch.Tensor]
    """(B, C, S, S) in [0, 1] to (B, dims); on a CPU it is called from several threads at once."""
    device: torch.device
    convert: Callable[[torch.Tensor], torch.Tensor] = lambda images: images
    """Applied after `resize`: (B, 1 or 3, S, S) to the channels that the network takes."""
    max_batch: int = 64
    """Largest batch of the network; the maps of larger batches do not fit into a CPU's caches."""

    def prepare(self, images: torch.Tensor) -> torch.Tensor:
        if images[0, 0].numel() > _LARGE_PIXELS:
            # One image and one channel at a time.
            rows = [torch.cat([self._resized(c) for c in image.split(1, dim=1)], dim=1) for image in images.split(1)]
            return self.convert(torch.cat(rows))
        return self.convert(self._resized(images))

    def embed(self, prepared: torch.Tensor) -> torch.Tensor:
        if self.device.type == "cpu":
            features = run_in_parts(self.network, prepared, self.max_batch)
        else:
            features = torch.cat([self.network(part) for part in prepared.split(self.max_batch)])
        assert features.ndim == 2 and features.shape[1] == self.identity.dims, (
            f"{self.identity.name} returned {tuple(features.shape)} instead of (B, {self.identity.dims})"
        )
        return features.float()

    def _resized(self, images: torch.Tensor) -> torch.Tensor:
        return self.resize(images.to(self.device).float().div_(255))


def embed_images(images: np.ndarray, extractor: Extractor) -> np.ndarray:
    """Features (N, dims) float32 of (N, S, S) or (N, S, S, 3) uint8 images, without a cache."""
    parts = []
    with torch.inference_mode(), true_float32():
        for start in range(0, len(images), _ARRAY_BATCH):
            batch = torch.from_numpy(np.ascontiguousarray(images[start : start + _ARRAY_BATCH]))
            parts.append(extractor.embed(extractor.prepare(channels_first(batch))).cpu().numpy())
    return np.concatenate(parts)


def same_shape_groups(images: Sequence[np.ndarray]) -> Iterator[torch.Tensor]:
    """Stack consecutive images of equal shape into uint8 tensors (B, 1 or 3, H, W); the order is kept."""
    start = 0
    for stop in range(1, len(images) + 1):
        if stop == len(images) or images[stop].shape != images[start].shape:
            stacked = _as_tensor(images[start:stop])
            yield channels_first(stacked)
            start = stop


def _as_tensor(images: Sequence[np.ndarray]) -> torch.Tensor:
    """Images of one shape as one tensor; a single image, which may be large, is not copied."""
    if len(images) > 1:
        return torch.from_numpy(np.stack(images))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # decoded images are read-only, and nothing writes to the tensor
        return torch.from_numpy(images[0][None])


def to_rgb(images: torch.Tensor) -> torch.Tensor:
    """(B, 1 or 3, H, W) to (B, 3, H, W), without a copy."""
    return images.expand(-1, 3, -1, -1)


def digest_of_weights(weights: Mapping[str, torch.Tensor]) -> str:
    """SHA-256 of names, shapes and values, for weights that are not read from a file."""
    total = hashlib.sha256()
    for name in sorted(weights):
        values = weights[name].detach().cpu().contiguous()
        total.update(f"{name} {tuple(values.shape)} {values.dtype}".encode())
        total.update(values.numpy().tobytes())
    return total.hexdigest()
