"""`ganbal` commands in processes of their own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gpu_stages.settings import Settings


class Process:
    """A started command; `kill` also ends its workers."""

    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(command, start_new_session=True, stdin=subprocess.DEVNULL)

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def send(self, number: int) -> None:
        if not self.has_ended:
            self._process.send_signal(number)

    def kill(self) -> None:
        if not self.has_ended:
            os.killpg(self._process.pid, signal.SIGKILL)

    def wait(self) -> int:
        return self._process.wait()


@dataclass(frozen=True)
class Command:
    """One `ganbal` command on the benchmark's data."""

    name: str
    settings: Settings
    run: Path
    assignments: list[str]
    config: Path | None = None
    options: Sequence[str] = ()

    def words(self) -> list[str]:
        words = [sys.executable, "-m", "ganbal", self.name, "--data", str(self.settings.data), "--run", str(self.run)]
        words += ["--device", self.settings.device, "--quiet"]
        words += ["--config", str(self.config)] if self.config else []
        words += self.options
        return words + [word for assignment in self.assignments for word in ("--set", assignment)]

    def start(self) -> Process:
        return Process(self.words())


def ganbal(command: Command) -> float:
    """Run the command to its end.

    Returns:
        Wall-clock seconds.

    Raises:
        RuntimeError: its exit code is not 0.
    """
    start = time.perf_counter()
    process = command.start()
    try:
        code = process.wait()
    finally:
        process.kill()
    if code:
        raise RuntimeError(f"`ganbal {command.name}` ended with exit code {code}; see the stage's log.")
    return time.perf_counter() - start


def wait_until(process: Process, is_reached: Callable[[], bool]) -> bool:
    """True once the condition holds, False if the process ended before."""
    while not process.has_ended:
        if is_reached():
            return True
        time.sleep(0.05)
    return False
