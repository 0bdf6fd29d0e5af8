"""SIGINT and SIGTERM: a stop request that long loops poll, and an exception everywhere else."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from ganbal.errors import InterruptedBySignal


class Terminated(BaseException):
    """SIGTERM arrived; raised in the main thread so that temporary files and locks are cleaned up."""


@dataclass
class StopRequest:
    """Whether a signal has requested a stop."""

    requested: bool = False

    def raise_if_requested(self, saved: str) -> None:
        """Raise InterruptedBySignal, which says that `saved` is on disk, if a signal has arrived."""
        if self.requested:
            raise self.interruption(saved)

    @staticmethod
    def interruption(saved: str) -> InterruptedBySignal:
        return InterruptedBySignal(f"Interrupted. {saved} The same command continues from there.")


@contextmanager
def stop_on_signal() -> Iterator[StopRequest]:
    """Turn the first SIGINT or SIGTERM into a stop request; a second one ends the process as before.

    Outside the main thread, where Python allows no handlers, no request ever arrives.
    """
    request = StopRequest()
    previous: dict[signal.Signals, object] = {}

    def note(number: int, frame: FrameType | None) -> None:
        request.requested = True
        restore()

    def restore() -> None:
        for number, handler in previous.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            previous[number] = signal.signal(number, note)
    except ValueError:
        previous.clear()
    try:
        yield request
    finally:
        restore()


@contextmanager
def exit_on_sigterm() -> Iterator[None]:
    """Raise Terminated when SIGTERM arrives, instead of ending the process on the spot."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Terminated

    try:
        previous = signal.signal(signal.SIGTERM, stop)
    except ValueError:  # not in the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
