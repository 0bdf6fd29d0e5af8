"""Python's garbage collection, kept out of the recording of CUDA graphs."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def garbage_collection_paused() -> Iterator[None]:
    """Collect now, and not again inside the block.

    To free an old graph, or memory outside the recording, is forbidden while another graph is recorded: it would make
    the recording invalid. Objects in reference cycles are freed whenever the collector happens to run.
    """
    was_enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
