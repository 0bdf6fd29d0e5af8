"""From pixels to the inputs of a network: the pixels themselves, or the features of its frozen backbone."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext

import numpy as np
import torch
from torch import Tensor

from classifiers.models.network import Network
from classifiers.tensor_files import TensorCache, content_digest
from classifiers.training.feature_cache import FeatureCache, image_digests
from classifiers.training.precision import Precision, autocast, true_float32

# Batches are padded to one size: then an image's features are the same, bit for bit, whichever images come with it.
_BATCH_SIZE = {"cpu": 32, "cuda": 128}
# An interruption loses the features of at most this many images.
_IMAGES_PER_FILE = 256
# Beyond this size the features of a set are not kept, and images go through the backbone in every step.
MAX_FEATURE_BYTES = 4 * 2**30


class NetworkInputs:
    """Turns pixels into inputs of one network on its device.

    The features of a frozen backbone are computed once per image and stored in `cache` (None: in memory, with this
    object). They are found by the image's bytes, the backbone's weights, the image size, the kind of device and
    the precision. On CUDA they are computed in float32 without TF32, so that they agree with those of a CPU in float32;
    a CPU that multiplies bfloat16 computes them in `precision`.
    """

    def __init__(
        self,
        network: Network,
        model_name: str,
        image_size_px: int,
        device: torch.device,
        precision: Precision,
        cache: TensorCache | None,
    ) -> None:
        self.precision: Precision = precision
        self._feature_precision: Precision = "float32" if device.type == "cuda" else precision
        self._network, self._device = network, device
        self._features: FeatureCache | None = None
        if network.frozen_backbone:
            key = content_digest(network.backbone.state_dict())[:16]
            name = f"{model_name.replace(':', '-')}-{image_size_px}px-{device.type}-{self._feature_precision}-{key}"
            self._features = FeatureCache(cache.subfolder(name) if cache is not None else None)

    def prepare(self, pixels: np.ndarray, on_features: Callable[[int, int], None] = lambda done, total: None) -> Tensor:
        """(N, S, S) uint8 to the network's inputs on its device: the same as uint8, or (N, num_features) floats.

        Args:
            on_features: called with (images done, images in all) while features are computed; it may raise to stop,
                which loses little work.
        """
        if self._features is None or not self._is_small_enough(pixels):
            return pixels_to_device(pixels, self._device)
        digests = image_digests(pixels)
        row_of = {digest: row for row, digest in enumerate(digests)}
        missing, done = self._features.missing(digests), 0
        for part in _in_parts(missing, _IMAGES_PER_FILE):
            batches = []
            for batch in _in_parts(part, _BATCH_SIZE[self._device.type]):
                batches.append(self._compute(pixels[[row_of[digest] for digest in batch]]))
                done += len(batch)
                on_features(done, len(missing))
            self._features.add(part, torch.cat(batches))
        return self._features.gather(digests).to(self._device)

    def _compute(self, pixels: np.ndarray) -> Tensor:
        padded = np.zeros((_BATCH_SIZE[self._device.type], *pixels.shape[1:]), dtype=np.uint8)
        padded[: len(pixels)] = pixels
        exact = true_float32() if self._device.type == "cuda" else nullcontext()
        with torch.no_grad(), exact, autocast(self._device, self._feature_precision):
            return self._network.features(torch.from_numpy(padded).to(self._device))[: len(pixels)].cpu()

    def _is_small_enough(self, pixels: np.ndarray) -> bool:
        with torch.inference_mode():
            one = self._network.features(torch.zeros(1, *pixels.shape[1:], dtype=torch.uint8, device=self._device))
        return len(pixels) * one.numel() * one.element_size() <= MAX_FEATURE_BYTES


def pixels_to_device(pixels: np.ndarray, device: torch.device) -> Tensor:
    """The same images on the device."""
    # from_numpy warns of read-only arrays, such as those mapped from a file.
    return torch.from_numpy(pixels if pixels.flags.writeable else pixels.copy()).to(device)


def _in_parts(items: Sequence[bytes], size: int) -> Iterator[Sequence[bytes]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
