"""From pixels to what a network is trained on and asked about: the pixels, or the features of its frozen backbone."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from classifiers.models.network import Network
from classifiers.models.pretrained_weights import weights_digest
from classifiers.training.feature_store import FeatureStore, image_digests
from classifiers.training.precision import Precision, autocast

# Always as many images at once, padded where there are fewer: then an image's features are the same, bit for bit,
# whichever images come with it.
_IMAGES_AT_ONCE = 32
# An interruption loses at most so many images' features.
_IMAGES_A_FILE = 256
# Beyond this the features of a set are too much to keep, and images go through the backbone every time.
_LARGEST_SET_BYTES = 4 * 2**30


class NetworkInputs:
    """Turns pixels into inputs of one network on its device.

    A frozen backbone gives the same features every time, so they are computed once an image and kept under
    `cache_folder` (None: only as long as this object and its results), found by the image's bytes, the backbone's
    weights, the image size, the precision and the kind of device.
    """

    def __init__(
        self,
        network: Network,
        model_name: str,
        image_size_px: int,
        device: torch.device,
        precision: Precision,
        cache_folder: Path | None,
    ) -> None:
        self.precision: Precision = precision
        self._network, self._device = network, device
        self._store: FeatureStore | None = None
        if network.frozen_backbone:
            key = weights_digest(network.backbone)[:16]
            name = f"{model_name.replace(':', '-')}-{image_size_px}px-{device.type}-{precision}-{key}"
            self._store = FeatureStore(cache_folder / name if cache_folder is not None else None)

    def prepare(self, pixels: np.ndarray, on_batch: Callable[[], None] = lambda: None) -> Tensor:
        """(N, S, S) uint8 to the network's inputs on its device: the same as uint8, or (N, num_features) floats.

        Args:
            on_batch: called between batches while features are computed; may raise to stop, losing little.
        """
        if self._store is None or not self._is_worth_keeping(pixels):
            # from_numpy warns of arrays that cannot be written to, such as those mapped from a file.
            return torch.from_numpy(pixels if pixels.flags.writeable else pixels.copy()).to(self._device)
        digests = image_digests(pixels)
        row_of = {digest: row for row, digest in enumerate(digests)}
        for part in _in_parts(self._store.unknown(digests), _IMAGES_A_FILE):
            batches = []
            for batch in _in_parts(part, _IMAGES_AT_ONCE):
                batches.append(self._features(pixels[[row_of[digest] for digest in batch]]))
                on_batch()
            self._store.add(part, torch.cat(batches))
        return self._store.gather(digests).to(self._device)

    def _features(self, pixels: np.ndarray) -> Tensor:
        padded = np.zeros((_IMAGES_AT_ONCE, *pixels.shape[1:]), dtype=np.uint8)
        padded[: len(pixels)] = pixels
        with torch.no_grad(), autocast(self._device, self.precision):
            return self._network.features(torch.from_numpy(padded).to(self._device))[: len(pixels)].cpu()

    def _is_worth_keeping(self, pixels: np.ndarray) -> bool:
        with torch.inference_mode():
            one = self._network.features(torch.zeros(1, *pixels.shape[1:], dtype=torch.uint8, device=self._device))
        return len(pixels) * one.numel() * one.element_size() <= _LARGEST_SET_BYTES


def _in_parts(items: Sequence[bytes], size: int) -> Iterator[Sequence[bytes]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
