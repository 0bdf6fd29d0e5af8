"""Output during the work: messages, warnings, progress; all of it also goes to the log."""

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ganbal.runtime.forecast import Forecast
from ganbal.runtime.live_display import live_display
from ganbal.runtime.text import duration, harmless

if TYPE_CHECKING:
    import rich.console
    import rich.progress

logger = logging.getLogger("ganbal")
logger.addHandler(logging.NullHandler())

_SHOWN = {"is_shown": True}
"""Marks log records that the console has printed itself."""
_REFRESH_SECONDS = 0.2
_SECONDS_BETWEEN_LINES, _SECONDS_TO_FIRST_LINE = 30.0, 5.0


class Console:
    """Prints on stderr, so that stdout stays free for results, and logs to the logger `ganbal`.

    Args:
        quiet: prints warnings only; no messages, no progress.
        verbose: prints debugging messages too.
        ask: asks the user a question; None answers yes.
    """

    def __init__(self, *, quiet: bool = False, verbose: bool = False, ask: Callable[[str], bool] | None = None) -> None:
        self.quiet, self.verbose, self._ask = quiet, verbose, ask
        self.warnings: list[str] = []
        self._progress: rich.progress.Progress | None = None
        self._bars = 0
        self._forecast = Forecast()

    def say(self, text: str = "") -> None:
        text = harmless(text)
        logger.info(text, extra=_SHOWN)
        if not self.quiet:
            self._print(text)

    def warn(self, text: str) -> None:
        self.warnings.append(text)
        text = harmless(f"warning: {text}")
        logger.warning(text.removeprefix("warning: "), extra=_SHOWN)
        self._print(text, style="yellow")

    def confirm(self, question: str) -> bool:
        return self._ask is None or self._ask(question)

    @contextmanager
    def working(self, what: str) -> Iterator[None]:
        """Announce work that takes a few seconds, so that the terminal is never silent."""
        if _terminal().is_terminal:
            logger.info(what, extra=_SHOWN)
        else:
            self.say(f"{what} …")
        with ProgressBar(self, None, what, "", 0):
            yield

    @contextmanager
    def stage(self, title: str, seconds: float = 0.0, later_seconds: float = 0.0) -> Iterator[None]:
        """Announce a stage such as `2/6 train-gan`, and how long it took.

        Args:
            seconds: how long the stage is expected to take; bars correct it by the pace that they observe.
            later_seconds: how long the stages after it are expected to take.
        """
        self._forecast.begin_stage(seconds, later_seconds)
        self.say(f"{title} …")
        start = time.monotonic()
        yield
        self.say(f"{title} … done in {duration(time.monotonic() - start)}")
        self._forecast.begin_stage(0.0, 0.0)

    def progress(self, total: int, description: str, unit: str, *, initial: int = 0) -> "ProgressBar":
        """A bar with rate and time left; use it as a context manager and call `.update(n)`."""
        return ProgressBar(self, total, description, unit, initial)

    @contextmanager
    def log_to(self, file: Path) -> Iterator[None]:
        """Append all messages of the package to `file`; if it cannot be written, one warning says so."""
        handler = _LogFile(file, self)
        logger.addHandler(handler)
        previous, level = logger.level, logging.DEBUG if self.verbose else logging.INFO
        logger.setLevel(level)
        try:
            yield
        finally:
            logger.removeHandler(handler)
            logger.setLevel(previous)
            handler.close()

    @contextmanager
    def show_log(self) -> Iterator[None]:
        """Print what modules log themselves: warnings, and with `verbose` everything."""
        handler = _LogPrinter(self)
        logger.addHandler(handler)
        previous = logger.level
        logger.setLevel(logging.DEBUG if self.verbose else logging.INFO)
        try:
            yield
        finally:
            logger.removeHandler(handler)
            logger.setLevel(previous)

    def _print(self, text: str, style: str | None = None) -> None:
        terminal = self._progress.console if self._progress is not None else _terminal()
        # A terminal breaks lines anywhere; here they are broken between words. A file gets them whole.
        terminal.print(
            text, style=style, markup=False, highlight=False, soft_wrap=not terminal.is_terminal, emoji=False
        )

    def _time_left(self, elapsed: float, left: float) -> str:
        return self._forecast.text(elapsed, left)

    def _start_bar(self, bar: "ProgressBar") -> Any:
        """Show the bar on a terminal and return its place there, else None; all bars share one live display."""
        terminal = _terminal()
        if self.quiet or not terminal.is_terminal:
            return None
        if self._progress is None:
            self._progress = live_display(terminal, self._forecast)
            self._progress.start()
        self._bars += 1
        return self._progress.add_task(bar.description, total=bar.total, completed=bar.n, unit=bar.unit, note="")

    def _refresh_bar(self, bar: "ProgressBar", task: Any) -> None:
        assert self._progress is not None
        self._progress.update(task, completed=bar.n, note=bar.note)

    def _stop_bar(self, task: Any) -> None:
        assert self._progress is not None
        self._progress.remove_task(task)
        self._bars -= 1
        if self._bars == 0:
            self._progress.stop()
            self._progress = None


class ProgressBar:
    """Progress of one piece of work: a live bar on a terminal, elsewhere a line every half minute."""

    def __init__(self, console: Console, total: int | None, description: str, unit: str, initial: int) -> None:
        self.total, self.description, self.unit, self.n, self.note = total, description, unit, initial, ""
        self._console, self._initial = console, initial
        self._task: Any = None
        self._start = self._shown = time.monotonic()

    def __enter__(self) -> Self:
        self._start = time.monotonic()
        self._shown = self._start - _SECONDS_BETWEEN_LINES + _SECONDS_TO_FIRST_LINE
        self._task = self._console._start_bar(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._console._stop_bar(self._task)
            self._task = None

    def update(self, count: int = 1) -> None:
        self.n += count
        self._show()

    def set_postfix_str(self, text: str) -> None:
        """A short note beside the bar, such as the current loss."""
        self.note = text
        self._show()

    def _show(self) -> None:
        now = time.monotonic()
        if self._task is not None:
            if now - self._shown >= _REFRESH_SECONDS:
                self._shown = now
                self._console._refresh_bar(self, self._task)
        elif now - self._shown >= _SECONDS_BETWEEN_LINES and not self._console.quiet:
            self._shown = now
            self._console.say(self._line(now - self._start))

    def _line(self, seconds: float) -> str:
        total = self.total or 0
        done, left = self.n - self._initial, total - self.n
        time_left = ""
        if done > 0 and left > 0:
            time_left = f", about {self._console._time_left(seconds, seconds * left / done)}"
        note = f" ({self.note})" if self.note else ""
        return f"{self.description}: {self.n} of {total} {self.unit}s{time_left}{note}"


def _terminal() -> "rich.console.Console":
    import rich.console

    # sys.stderr is looked up on every call: tests and notebooks replace it.
    return rich.console.Console(file=sys.stderr)


class _LogPrinter(logging.Handler):
    """Prints records that modules logged without a console."""

    def __init__(self, console: Console) -> None:
        super().__init__(logging.DEBUG if console.verbose else logging.WARNING)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        if getattr(record, "is_shown", False):
            return
        level = "" if record.levelno < logging.WARNING else f"{record.levelname.lower()}: "
        self._console._print(harmless(level + record.getMessage()), "dim" if not level else "yellow")


class _LogFile(logging.FileHandler):
    """Appends to log.txt; a full disk costs one warning, not the work."""

    def __init__(self, file: Path, console: Console) -> None:
        super().__init__(file, encoding="utf-8", delay=True, errors="backslashreplace")
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S%z"))
        self._file, self._console, self._has_failed = file, console, False

    def emit(self, record: logging.LogRecord) -> None:
        if self._has_failed or not record.getMessage():
            return
        try:
            super().emit(record)
        except OSError:  # from opening the file
            self.handleError(record)

    def format(self, record: logging.LogRecord) -> str:
        return harmless(super().format(record))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        self._has_failed = True
        self._console._print(f"warning: {self._file} cannot be written: {sys.exc_info()[1]}", "yellow")

    def close(self) -> None:
        try:
            super().close()
        except OSError:  # flushing on a full disk
            self._has_failed = True
