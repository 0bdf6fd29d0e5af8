"""Images decoded in several threads ahead of their use, with bounded memory."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from ganbal.data.decoding import UnreadableImageError
from ganbal.data.image_reading import decoding_threads
from ganbal.metrics.features.images import ImageSource

MAX_BYTES_AHEAD = 256_000_000
"""Decoded images in memory at a time; a single larger image is decoded alone."""
_BATCHES_AHEAD = 3


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
        max_bytes: limit on decoded images in memory, including the chunk that the caller holds.
    """
    with ThreadPoolExecutor(decoding_threads()) as pool:
        waiting: deque[tuple[int, int, Future[np.ndarray]]] = deque()
        next_row, next_bytes, held = 0, source.num_bytes(0) if len(source) else 0, 0
        chunk = DecodedChunk()

        def submit() -> None:
            nonlocal next_row, next_bytes, held
            while next_row < len(source) and len(waiting) < _BATCHES_AHEAD * batch_size:
                if held and held + next_bytes > max_bytes:
                    return
                waiting.append((next_row, next_bytes, pool.submit(source.read, next_row)))
                held, next_row = held + next_bytes, next_row + 1
                next_bytes = source.num_bytes(next_row) if next_row < len(source) else 0

        submit()
        while waiting:
            row, num_bytes, future = waiting.popleft()
            try:
                chunk.images.append(future.result())
            except UnreadableImageError as error:
                chunk.unreadable.append(UnreadableRow(row, str(error)))
            chunk.num_bytes += num_bytes
            chunk.ends_batch = row % batch_size == batch_size - 1 or row == len(source) - 1
            del future
            if chunk.ends_batch or not waiting or chunk.num_bytes > max_bytes // 2:
                yield chunk
                held -= chunk.num_bytes
                chunk = DecodedChunk()
            submit()
