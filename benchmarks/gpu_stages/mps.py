"""NVIDIA's Multi-Process Service: kernels of several processes run on one GPU at the same time, not by turns.

Without it, processes that share a GPU get slices of its time, and kernels that are too small to fill it leave the rest
of it unused.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

CONTROL = "nvidia-cuda-mps-control"
FOLDERS = ("/usr/local/nvidia/bin", "/usr/bin", "/usr/local/cuda/bin")
"""Where drivers put their programs, besides PATH."""
SECONDS_TO_START = SECONDS_TO_STOP = 10.0


def control_program() -> str | None:
    """The path of the service's program; None where the driver comes without it."""
    return shutil.which(CONTROL, path=os.pathsep.join([os.environ.get("PATH", ""), *FOLDERS]))


@contextmanager
def multi_process_service(folder: Path) -> Iterator[None]:
    """The service runs inside the block, for processes that are started there; it changes no setting of the card.

    Raises:
        RuntimeError: the service is missing or does not start.
    """
    program = control_program()
    if program is None:
        raise RuntimeError(f"{CONTROL} is not installed")
    places = {"CUDA_MPS_PIPE_DIRECTORY": str(folder / "pipe"), "CUDA_MPS_LOG_DIRECTORY": str(folder / "log")}
    for place in places.values():
        Path(place).mkdir(parents=True, exist_ok=True)
    before = {name: os.environ.get(name) for name in places}
    os.environ.update(places)
    try:
        try:
            # The daemon keeps the pipes of its starter open, so its output is not captured.
            subprocess.run([program, "-d"], check=True, timeout=SECONDS_TO_START)
        except (OSError, subprocess.SubprocessError) as error:
            raise RuntimeError(f"{CONTROL} does not start: {error}") from error
        yield
        with suppress(subprocess.TimeoutExpired):  # it waits for processes that are still alive
            subprocess.run([program], input="quit\n", text=True, timeout=SECONDS_TO_STOP, check=False)
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
