"""A fixed number of augmented versions of every training image.

A frozen backbone that sees newly augmented images in every epoch passes each of them once and never again. With K
versions per image, made once, their features can be stored, and every epoch takes one of the K at random.
"""

import functools
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

_PROBE_SIZE_PX, _PROBE_VERSIONS = 48, 4


@dataclass(frozen=True)
class AugmentedVersions:
    """The versions 0 to `number` - 1 of any image under one augmentation.

    A version depends on the image's content and on its number alone: seeds, protocols and training sets share them.

    Attributes:
        augment: one of `augmentation.AUGMENTATIONS`, except `none` and `published`.
    """

    augment: str
    number: int

    def keys(self, digests: Sequence[bytes]) -> list[bytes]:
        """One digest per version of each image: those of version 0 first, then those of version 1, …

        Args:
            digests: SHA-256 of each image.
        """
        versions = [version.to_bytes(4, "little") for version in range(self.number)]
        return [hashlib.sha256(digest + version).digest() for version in versions for digest in digests]

    def maker(self) -> Callable[[np.ndarray, bytes, int], np.ndarray]:
        """(image (S, S) or (S, S, 3) uint8, its digest, version) → that version; for one thread at a time."""
        from classifiers.training.augmentation import build_augmentation  # loading albumentations takes a second

        augment = build_augmentation(self.augment)

        def make(image: np.ndarray, digest: bytes, version: int) -> np.ndarray:
            return augment(image, (version, *np.frombuffer(digest, dtype="<u4").tolist()))

        return make

    def fingerprint(self) -> str:
        """Changes whenever the augmentation makes other versions, for example with another release of OpenCV."""
        return f"{self.augment}-{_digest_of_probe(self.augment)}"


@functools.cache
def _digest_of_probe(augment: str) -> str:
    probe = np.random.default_rng(0).integers(0, 256, (_PROBE_SIZE_PX, _PROBE_SIZE_PX), dtype=np.uint8)
    make, digest = AugmentedVersions(augment, _PROBE_VERSIONS).maker(), hashlib.sha256(probe.tobytes()).digest()
    made = [make(probe, digest, version).tobytes() for version in range(_PROBE_VERSIONS)]
    return hashlib.sha256(b"".join(made)).hexdigest()[:8]
