"""Images decoded in several threads ahead of their use, with bounded memory."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from classifiers.training.prefetching import prefetched
from ganbal.data.image_limits import UnreadableImageError
from ganbal.data.image_reading import decoding_threads
from ganbal.metrics.features.images import ImageSource

MAX_BYTES_AHEAD = 256_000_000
"""Decoded images in memory at a time."""
_BATCHES_AHEAD = 3
_SMALL_BYTES, _LOOKED_AT = 500_000, 8
_MOST_THREADS_FOR_SMALL = 4
"""More threads spend their time waiting for the interpreter lock: JPEGs of 160 px on 16 CPUs, images/s with 1, 2, 4, 8
and 16 threads: 2,740, 3,420, 3,340, 2,330, 2,110."""


@dataclass(frozen=True)
class UnreadableRow:
    """An image that cannot be decoded."""

    row: int
    """Its position in the source."""
    reason: str


@dataclass
class DecodedChunk:
    """Consecutive images of one batch. Batches of large images come in several chunks."""

    images: list[np.ndarray] = field(default_factory=list)
    """Each uint8, (H, W) or (H, W, 3), in the order of the source."""
    unreadable: list[UnreadableRow] = field(default_factory=list)
    num_bytes: int = 0
    ends_batch: bool = False


def decoded_chunks(source: ImageSource, batch_size: int, max_bytes: int = MAX_BYTES_AHEAD) -> Iterator[DecodedChunk]:
    """Decode `source` in order, ahead of the caller by at most three batches and `max_bytes`.

    Args:
        source: the images.
        batch_size: rows per batch, including unreadable ones.
        max_bytes: limit on decoded images in memory: half of it in the chunk, half of it decoded ahead. An image larger
            than half of it is decoded alone and is a chunk of its own.
    """
    half = max_bytes // 2
    decoded = prefetched(
        partial(_decode, source),
        ((row, source.num_bytes(row)) for row in range(len(source))),
        _threads_for(source),
        max_ahead=_BATCHES_AHEAD * batch_size,
        cost=lambda job: job[1],
        max_cost=half,
    )
    chunk = DecodedChunk()
    with closing(decoded):
        for (row, num_bytes), image in decoded:
            if chunk.num_bytes and chunk.num_bytes + num_bytes > half:
                yield chunk
                chunk = DecodedChunk()
            if isinstance(image, UnreadableRow):
                chunk.unreadable.append(image)
            else:
                chunk.images.append(image)
            del image  # only the chunk holds it
            chunk.num_bytes += num_bytes
            chunk.ends_batch = row % batch_size == batch_size - 1 or row == len(source) - 1
            if chunk.ends_batch or chunk.num_bytes >= half:
                yield chunk
                chunk = DecodedChunk()


def _threads_for(source: ImageSource) -> int:
    """How many threads decode the images, judged by the largest of the first ones."""
    threads = decoding_threads()
    largest = max((source.num_bytes(row) for row in range(min(len(source), _LOOKED_AT))), default=0)
    return min(threads, _MOST_THREADS_FOR_SMALL) if largest <= _SMALL_BYTES else threads


def _decode(source: ImageSource, job: tuple[int, int]) -> np.ndarray | UnreadableRow:
    try:
        return source.read(job[0])
    except UnreadableImageError as error:
        return UnreadableRow(job[0], str(error))
