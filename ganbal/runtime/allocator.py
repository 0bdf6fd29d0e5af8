"""Keeps memory that networks free for their next step, in place of returning it to the system."""

import ctypes
import os
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h
_KEPT_BYTES = 2**31 - 1
"""Free memory at the end of the heap that stays with the process; the largest number that mallopt takes."""
_LARGEST_BLOCK_BYTES = 2**26
"""Larger blocks are still returned. With a limit of 1 GiB, the buffers of large images fragmented the heap: scoring
images of 79 megapixels took 5.3 GB."""
_OWN_SETTINGS = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES")


def keep_freed_memory() -> None:
    """Let glibc's malloc reuse freed blocks of up to 64 MiB; other C libraries are left as they are.

    By default glibc returns large blocks to the system as soon as they are freed. The activations of every step then
    come as new pages, each of which the system has to map and clear: on a virtual machine up to a third of the time
    of training on a CPU. The process keeps its peak size until it ends. Settings of malloc in the environment stay.
    """
    if sys.platform != "linux" or any(name in os.environ for name in _OWN_SETTINGS):
        return
    # musl, the C library of Alpine Linux, has no such function.
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(_M_MMAP_THRESHOLD, _LARGEST_BLOCK_BYTES)
        set_option(_M_TRIM_THRESHOLD, _KEPT_BYTES)
