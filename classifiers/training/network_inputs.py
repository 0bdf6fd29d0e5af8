"""From pixels to the inputs of a network: the pixels themselves, or the features of its frozen backbone."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from classifiers.errors import ClassifierInputError
from classifiers.models.network import Network
from classifiers.tensor_files import TensorCache, content_digest
from classifiers.training.augmented_versions import AugmentedVersions
from classifiers.training.feature_cache import FeatureCache, image_digests
from classifiers.training.precision import Precision, autocast, choose_precision, true_float32

# Batches are padded to one size: then an image's features are the same, bit for bit, whichever images come with it.
_BATCH_SIZE = {"cpu": 32, "cuda": 128}
# An interruption loses the features of at most this many images.
_IMAGES_PER_FILE = {"cpu": 64, "cuda": 512}
# Beyond this size the features of a set are not kept, and images go through the backbone in every step.
MAX_FEATURE_BYTES = 4 * 2**30

OnFeatures = Callable[[int, int], None]
"""Called with (images done, images in all) while features are computed; may raise to stop, which loses little work."""


def _no_report(done: int, total: int) -> None:
    pass


class NetworkInputs:
    """Turns pixels into inputs of one network on its device.

    The features of a frozen backbone are computed once per image and stored in `cache` (None: in memory, with this
    object). They are found by the image's bytes, the backbone's weights, the image size, the kind of device and
    the precision; those of augmented versions also by the augmentation and the version. On CUDA they are computed in
    float32 without TF32, so that they agree with those of a CPU in float32; a CPU that multiplies bfloat16
    computes them in `precision`.
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
        self._network, self._device, self._files = network, device, cache
        self._caches: dict[str, FeatureCache] = {}
        """Features of plain images, and of the versions of each augmentation, by the name of their folder."""
        self._folder = ""
        if network.frozen_backbone:
            key = content_digest(network.backbone.state_dict())[:16]
            name = model_name.replace(":", "-")
            self._folder = f"{name}-{image_size_px}px-{device.type}-{self._feature_precision}-{key}"

    @classmethod
    def of(
        cls,
        network: Network,
        model_name: str,
        image_size_px: int,
        device: torch.device,
        cache: TensorCache | None,
        precision: Literal["auto"] | Precision = "auto",
    ) -> "NetworkInputs":
        """The inputs of a network, which is put on the device.

        Args:
            cache: stores the features of a frozen backbone; None stores them in memory.
        """
        network.to(device).to(memory_format=torch.channels_last)
        return cls(network, model_name, image_size_px, device, choose_precision(precision, device), cache)

    @property
    def has_features(self) -> bool:
        """Whether the inputs are features of a frozen backbone."""
        return self._network.frozen_backbone

    def prepare(self, pixels: np.ndarray, on_features: OnFeatures = _no_report) -> Tensor:
        """(N, S, S) or (N, S, S, 3) uint8 to inputs on the network's device: the same, or (N, num_features) floats."""
        if not self.has_features or not self._fit_into_memory(len(pixels), pixels):
            return pixels_to_device(pixels, self._device)
        return self._gather(pixels, None, on_features)

    def prepare_versions(
        self, pixels: np.ndarray, versions: AugmentedVersions, on_features: OnFeatures = _no_report
    ) -> Tensor:
        """N images, uint8, to (K · N, num_features): the features of every image's K augmented versions.

        Row v · N + i is version v of image i. The network must have a frozen backbone.

        Raises:
            ClassifierInputError: the features do not fit into memory.
        """
        self._check_memory(pixels, versions)
        return self._gather(pixels, versions, on_features)

    def count_missing(self, pixels: np.ndarray, versions: AugmentedVersions | None = None) -> np.ndarray:
        """(N,) int64: how many features of each image are not stored yet, of K versions or of the image itself.

        An image that occurs twice counts once. All are 0 where features are not kept.

        Raises:
            ClassifierInputError: the features of the versions do not fit into memory.
        """
        counts = np.zeros(len(pixels), dtype=np.int64)
        if versions is not None:
            self._check_memory(pixels, versions)
        elif not self.has_features or not self._fit_into_memory(len(pixels), pixels):
            return counts
        keys = _keys_of(image_digests(pixels), versions)
        missing = set(self._cache_of(versions).missing(keys))
        for place, key in enumerate(keys):
            if key in missing:
                missing.discard(key)
                counts[place % len(pixels)] += 1
        return counts

    def seconds_per_image(self, pixels: np.ndarray) -> float:
        """How long the frozen backbone takes for one image, measured on a few of these."""
        images = pixels_to_device(pixels[:4], self._device)
        with torch.no_grad(), autocast(self._device, self._feature_precision):
            self._network.features(images[:1]).cpu()  # the first call prepares its algorithms
            start = time.perf_counter()
            self._network.features(images).cpu()
        return (time.perf_counter() - start) / len(images)

    def _gather(self, pixels: np.ndarray, versions: AugmentedVersions | None, on_features: OnFeatures) -> Tensor:
        """Compute what is missing, and collect all."""
        cache, digests = self._cache_of(versions), image_digests(pixels)
        keys = _keys_of(digests, versions)
        place_of = {key: place for place, key in enumerate(keys)}
        make = versions.maker() if versions is not None else None

        def image_of(key: bytes) -> np.ndarray:
            version, row = divmod(place_of[key], len(pixels))
            return pixels[row] if make is None else make(pixels[row], digests[row], version)

        missing, done = cache.missing(keys), 0
        for part in _in_parts(missing, _IMAGES_PER_FILE[self._device.type]):
            batches = []
            for batch in _in_parts(part, _BATCH_SIZE[self._device.type]):
                batches.append(self._compute(np.stack([image_of(key) for key in batch])))
                done += len(batch)
                on_features(done, len(missing))
            cache.add(part, torch.cat(batches))
        return cache.gather(keys).to(self._device)

    def _cache_of(self, versions: AugmentedVersions | None) -> FeatureCache:
        name = self._folder if versions is None else f"{self._folder}-{versions.fingerprint()}"
        if name not in self._caches:
            self._caches[name] = FeatureCache(self._files.subfolder(name) if self._files is not None else None)
        return self._caches[name]

    def _compute(self, pixels: np.ndarray) -> Tensor:
        padded = np.zeros((_BATCH_SIZE[self._device.type], *pixels.shape[1:]), dtype=np.uint8)
        padded[: len(pixels)] = pixels
        exact = true_float32() if self._device.type == "cuda" else nullcontext()
        with torch.no_grad(), exact, autocast(self._device, self._feature_precision):
            return self._network.features(torch.from_numpy(padded).to(self._device))[: len(pixels)].cpu()

    def _check_memory(self, pixels: np.ndarray, versions: AugmentedVersions) -> None:
        number = versions.number * len(pixels)
        if not self._fit_into_memory(number, pixels):
            raise ClassifierInputError(
                found=f"The features of {versions.number} augmented versions of {len(pixels)} images take more memory "
                f"than {MAX_FEATURE_BYTES // 2**30} GiB.",
                expected="They are kept in memory while the classifier is trained.",
                action="Use fewer versions (augmented_versions) or smaller images.",
            )

    def _fit_into_memory(self, number: int, pixels: np.ndarray) -> bool:
        """Whether the features of `number` images like these are kept."""
        with torch.inference_mode():
            one = self._network.features(torch.zeros(1, *pixels.shape[1:], dtype=torch.uint8, device=self._device))
        return number * one.numel() * one.element_size() <= MAX_FEATURE_BYTES


def _keys_of(digests: Sequence[bytes], versions: AugmentedVersions | None) -> Sequence[bytes]:
    return digests if versions is None else versions.keys(digests)


def pixels_to_device(pixels: np.ndarray, device: torch.device) -> Tensor:
    """The same images on the device."""
    # from_numpy warns of read-only arrays, such as those mapped from a file.
    return torch.from_numpy(pixels if pixels.flags.writeable else pixels.copy()).to(device)


def _in_parts(items: Sequence[bytes], size: int) -> Iterator[Sequence[bytes]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
