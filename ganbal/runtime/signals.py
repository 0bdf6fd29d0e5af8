"""Turning SIGINT and SIGTERM into a wish to stop that long loops look at between steps."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from ganbal.errors import InterruptedBySignal


@dataclass
class StopWish:
    """Whether a signal has asked for an end."""

    requested: bool = False

    def raise_if_requested(self, saved: str) -> None:
        """Raise InterruptedBySignal, telling that `saved` is on disk, if a signal has come."""
        if self.requested:
            raise self.interruption(saved)

    @staticmethod
    def interruption(saved: str) -> InterruptedBySignal:
        return InterruptedBySignal(f"Interrupted. {saved} The same command continues from there.")


@contextmanager
def stop_on_signal() -> Iterator[StopWish]:
    """Catch the first SIGINT or SIGTERM as a wish; a second one ends the process in the usual way.

    Outside the main thread, where Python allows no handlers, the wish simply never comes.
    """
    wish = StopWish()
    previous: dict[signal.Signals, object] = {}

    def note(number: int, frame: FrameType | None) -> None:
        wish.requested = True
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
        yield wish
    finally:
        restore()
