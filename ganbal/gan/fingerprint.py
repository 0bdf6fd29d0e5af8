"""What two trainings must have in common for one to continue the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ganbal.config import GanConfig

_NOT_COMPARED = {
    *("preset", "class_name", "class_names", "conditional", "steps", "max_rollbacks", "score_images", "compile"),
    *("log_every_steps", "sample_every_steps", "score_every_steps"),
    *("checkpoint_every_steps", "checkpoint_every_seconds"),
    "projection_weights",  # a checkpoint holds the backbone
}
"""Settings that say how long to train, how fast, and what to record meanwhile, not what is trained."""


@dataclass(frozen=True)
class TrainingFingerprint:
    """Identifies a training: equal fingerprints, seed and device lead to equal weights.

    Attributes:
        settings: `gan.*` settings that shape the weights.
        class_names: classes that the generator knows, in the order of their labels.
        is_conditional: whether the networks get labels.
        data_digest: digest of the training images.
        channels: of the images, 1 for gray and 3 for RGB.
    """

    settings: Mapping[str, Any]
    class_names: tuple[str, ...]
    is_conditional: bool
    seed: int
    data_digest: str
    channels: int = 1

    @classmethod
    def of(
        cls,
        config: GanConfig,
        *,
        seed: int,
        class_names: Sequence[str],
        data_digest: str,
        is_conditional: bool = False,
        channels: int = 1,
    ) -> "TrainingFingerprint":
        dumped = config.model_dump(mode="json")
        settings = {f"gan.{name}": value for name, value in dumped.items() if name not in _NOT_COMPARED}
        return cls(settings, tuple(class_names), is_conditional, seed, data_digest, channels)

    def to_dict(self) -> dict[str, Any]:
        """As stored in a checkpoint: strings, numbers, lists and dictionaries."""
        return {
            "settings": dict(self.settings),
            "class_names": list(self.class_names),
            "is_conditional": self.is_conditional,
            "seed": self.seed,
            "training images": self.data_digest,
            "data.channels": self.channels,
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "TrainingFingerprint":
        """Raises KeyError, TypeError or ValueError where the content is not one of `to_dict`."""
        return cls(
            dict(content["settings"]),
            tuple(str(name) for name in content["class_names"]),
            bool(content["is_conditional"]),
            int(content["seed"]),
            str(content["training images"]),
            int(content["data.channels"]),
        )

    def differences(self, other: "TrainingFingerprint") -> list[str]:
        """One line per value that differs: this one's, then the other's."""
        mine, others = (_flat(fingerprint.to_dict()) for fingerprint in (self, other))
        return [
            f"{name}: {_shown(mine.get(name))} there, {_shown(others.get(name))} now"
            for name in dict.fromkeys([*mine, *others])
            if mine.get(name) != others.get(name)
        ]


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _flat(content: dict[str, Any]) -> dict[str, Any]:
    return content.pop("settings") | content
