"""Warnings about a data set as records; `ganbal.runtime.warning_text` makes the sentences."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ganbal.runtime.warning_text import warning_text


@dataclass(frozen=True)
class DataWarning:
    """One warning; `values` holds JSON values only and its keys depend on `kind`."""

    kind: str
    values: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        """The sentence, without its full stop, as a part of a message."""
        return warning_text(self.to_json()).text.removesuffix(".")
