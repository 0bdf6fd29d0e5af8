"""The identity of a feature extractor. Scores of different identity are never compared."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from ganbal.errors import InputError


@dataclass(frozen=True)
class ExtractorIdentity:
    """Everything that determines the meaning of an extractor's features."""

    name: str
    """For example `inception` or `torchvision:resnet50`."""
    dims: int
    """Length of a feature vector."""
    weights_sha256: str | None
    """SHA-256 of the weights; None for an extractor without weights."""
    resize: str
    """How images are resized to the network's input, for example `pytorch-fid 299`."""
    note: str = ""
    """A remark for the reader; not part of the identity."""

    @property
    def parts(self) -> tuple[str, int, str | None, str]:
        """The fields that must be equal for two scores to be comparable."""
        return self.name, self.dims, self.weights_sha256, self.resize

    @property
    def key(self) -> str:
        """A short digest for file names."""
        return hashlib.sha256(json.dumps(self.parts).encode()).hexdigest()[:16]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        digest = self.weights_sha256[:12] if self.weights_sha256 else "no weights"
        return f"{self.name}, {self.dims}-d, {digest}, resize {self.resize}"


def require_same_extractor(identities: Iterable[ExtractorIdentity]) -> None:
    """Check that all features come from one extractor.

    Raises:
        InputError: at least two identities differ.
    """
    different = {identity.parts: str(identity) for identity in identities}
    if len(different) > 1:
        raise InputError(
            found=f"The features come from different extractors: {' and '.join(sorted(different.values()))}.",
            expected="Only values of one extractor (equal name, dims, weights and resize) are comparable.",
            action="Use the same score settings for both.",
        )
