"""What the cache of decoded images knows of every file, as a JSON document with a checksum."""

import json
import zlib
from dataclasses import asdict, dataclass, field
from typing import Any

from ganbal.data.decoding import Conversion
from ganbal.data.image_reading import FileState


@dataclass(frozen=True)
class ReadableFile:
    """What decoding found in one readable file; see `DecodedImage`."""

    file_name: str
    width_px: int
    height_px: int
    mode: str
    is_colored: bool
    sha256: str
    patient: str | None = None
    is_named_by_tags: bool = False
    has_several_pages: bool = False


@dataclass(frozen=True)
class UnreadableFile:
    """A file that gives no image, and why."""

    file_name: str
    reason: str


@dataclass(frozen=True)
class Index:
    """What is known of the files of a source.

    `readable` are in the order of the rows of pixels; `states` has the state of every file when it was last read, at
    `noted_ns` on the clock; `conversion` has the range of deep images, None where there are none, and the channels that
    were chosen; `checksums` maps the sizes in the cache to the CRC-32 of their pixels.
    """

    readable: tuple[ReadableFile, ...]
    unreadable: tuple[UnreadableFile, ...]
    hashes: dict[str, str]
    states: dict[str, FileState]
    noted_ns: int
    conversion: Conversion
    num_deep: int
    checksums: dict[int, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        content = asdict(self)
        content["checksums"] = {str(size): value for size, value in self.checksums.items()}
        return {"checksum": _json_checksum(content), "content": json.loads(json.dumps(content))}

    @classmethod
    def from_json(cls, document: Any) -> "Index":
        """Raises ValueError, KeyError or TypeError where the document is not what `to_json` made."""
        content = document["content"]
        if document["checksum"] != _json_checksum(content):
            raise ValueError("the checksum does not fit")
        return cls(
            tuple(ReadableFile(**entry) for entry in content["readable"]),
            tuple(UnreadableFile(**entry) for entry in content["unreadable"]),
            content["hashes"],
            {name: tuple(state) for name, state in content["states"].items()},
            content["noted_ns"],
            Conversion.from_json(content["conversion"]),
            content["num_deep"],
            {int(size): value for size, value in content["checksums"].items()},
        )


def _json_checksum(content: Any) -> int:
    return zlib.crc32(json.dumps(content, sort_keys=True).encode())
