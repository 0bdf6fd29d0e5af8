"""Reports exhausted memory as a sentence that names the setting to lower."""

from collections.abc import Iterator
from contextlib import contextmanager

from ganbal.errors import GanbalError

_SIGNS = (
    "out of memory",  # CUDA allocator, cuBLAS and the driver
    "CUDNN_STATUS_ALLOC_FAILED",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "DefaultCPUAllocator",  # torch on the CPU has no exception type of its own
)
"""Parts of messages of torch's RuntimeError that mean exhausted memory."""


class OutOfMemoryError(GanbalError):
    """The work does not fit into memory with the present settings; exit code 1."""


@contextmanager
def advise_when_out_of_memory(work: str, *settings: str) -> Iterator[None]:
    """Turn exhausted memory (CUDA or host) inside the block into a sentence.

    Args:
        work: what was going on, as in "training the GAN".
        settings: names of the settings that need less memory when lowered, such as "gan.batch_size".

    Raises:
        OutOfMemoryError: memory was exhausted. Other exceptions pass unchanged.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:  # torch.cuda.OutOfMemoryError is a RuntimeError
        if not is_out_of_memory(error):
            raise
        detail = " ".join(str(error).split()).partition(". ")[0][:160] or type(error).__name__
        raise OutOfMemoryError(
            f"Out of memory while {work} ({detail}). Lower {' or '.join(settings)}, or free memory that other "
            "processes hold."
        ) from error


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception of Python, NumPy or torch means exhausted memory."""
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(sign in str(error) for sign in _SIGNS)
    )
