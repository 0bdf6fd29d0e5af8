"""What a score was computed with: scores of different identity must never be compared."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from ganbal.errors import InputError


@dataclass(frozen=True)
class ExtractorIdentity:
    """Everything that decides what an extractor's features mean."""

    name: str
    """Such as `inception` or `torchvision:resnet50`."""
    dims: int
    """Length of a feature vector."""
    weights_sha256: str | None
    """Digest of the weights; None for an extractor that has none."""
    resize: str
    """How images reach the network's input, such as `pytorch-fid 299`."""
    note: str = ""
    """What a reader has to know beside it; no part of the identity."""

    @property
    def parts(self) -> tuple[str, int, str | None, str]:
        """What has to be equal for two scores to be comparable."""
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


def refuse_mixed(identities: Iterable[ExtractorIdentity]) -> None:
    """See that scores come from one extractor.

    Raises:
        InputError: they do not.
    """
    different = {identity.parts: str(identity) for identity in identities}
    if len(different) > 1:
        raise InputError(
            expected="scores of one extractor: same name, dims, weights and resize",
            found=" against ".join(sorted(different.values())),
            action="Compute them again with the same score settings; other values cannot be compared.",
        )
