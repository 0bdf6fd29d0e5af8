"""Images decoded in parallel, ahead of their use, in bounded memory."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import torch

from ganbal.data.decoding import UnreadableImageError
from ganbal.data.image_reading import decoding_threads
from ganbal.metrics.features.images import ImageSource

_BATCHES_AHEAD = 3


@dataclass(frozen=True)
class Unreadable:
    """An image that could not be decoded."""

    row: int
    """Its place in the source."""
    reason: str


@dataclass
class Batch:
    """Decoded images in source order, and those that could not be."""

    rows: list[int] = field(default_factory=list)
    """Their places in the source."""
    images: list[np.ndarray] = field(default_factory=list)
    """Each uint8, (H, W) or (H, W, 3)."""
    unreadable: list[Unreadable] = field(default_factory=list)


def decoded_batches(source: ImageSource, batch_size: int) -> Iterator[Batch]:
    """Decode `source` in order, a few batches ahead of the caller."""
    starts = iter(range(0, len(source), batch_size))
    with ThreadPoolExecutor(decoding_threads()) as pool:
        waiting: deque[list[tuple[int, Future[np.ndarray]]]] = deque()

        def submit_next() -> None:
            start = next(starts, None)
            if start is not None:
                rows = range(start, min(start + batch_size, len(source)))
                waiting.append([(row, pool.submit(source.read, row)) for row in rows])

        for _ in range(_BATCHES_AHEAD):
            submit_next()
        while waiting:
            pending = waiting.popleft()
            submit_next()
            yield _collect(source, pending)


def same_shape_groups(images: Sequence[np.ndarray]) -> Iterator[torch.Tensor]:
    """Stack neighbours of equal shape into uint8 tensors (B, 1 or 3, H, W); the order of images is kept."""
    start = 0
    for stop in range(1, len(images) + 1):
        if stop == len(images) or images[stop].shape != images[start].shape:
            stacked = torch.from_numpy(np.stack(images[start:stop]))
            yield stacked.unsqueeze(1) if stacked.ndim == 3 else stacked.permute(0, 3, 1, 2)
            start = stop


def _collect(source: ImageSource, pending: Sequence[tuple[int, Future[np.ndarray]]]) -> Batch:
    batch = Batch()
    for row, future in pending:
        try:
            image = future.result()
        except UnreadableImageError as error:
            batch.unreadable.append(Unreadable(row, str(error)))
            continue
        batch.rows.append(row)
        batch.images.append(image)
    return batch
