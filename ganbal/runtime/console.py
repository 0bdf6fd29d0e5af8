"""Output during the work: messages, warnings, progress; all of it also goes to the log."""

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ganbal.runtime.text import duration, harmless

if TYPE_CHECKING:
    import rich.console
    import rich.progress

logger = logging.getLogger("ganbal")
logger.addHandler(logging.NullHandler())

_SHOWN = {"is_shown": True}
"""Marks log records that the console has printed itself."""
_REFRESH_SECONDS = 0.2
_SECONDS_BETWEEN_LINES = 30.0


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
    def stage(self, title: str) -> Iterator[None]:
        """Announce a stage such as `2/6 train-gan`, and how long it took."""
        self.say(f"{title} …")
        start = time.monotonic()
        yield
        self.say(f"{title} … done in {duration(time.monotonic() - start)}")

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
        terminal.print(text, style=style, markup=False, highlight=False, soft_wrap=True, emoji=False)

    def _start_bar(self, bar: "ProgressBar") -> "rich.progress.TaskID | None":
        """Show the bar on a terminal; all bars of a console share one live display."""
        terminal = _terminal()
        if self.quiet or not terminal.is_terminal:
            return None
        if self._progress is None:
            self._progress = _live_display(terminal)
            self._progress.start()
        self._bars += 1
        return self._progress.add_task(bar.description, total=bar.total, completed=bar.n, unit=bar.unit, note="")

    def _refresh_bar(self, bar: "ProgressBar", task: "rich.progress.TaskID") -> None:
        assert self._progress is not None
        self._progress.update(task, completed=bar.n, note=bar.note)

    def _stop_bar(self, task: "rich.progress.TaskID") -> None:
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
        self._task: rich.progress.TaskID | None = None
        self._start = self._shown = time.monotonic()

    def __enter__(self) -> Self:
        self._start = self._shown = time.monotonic()
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
        time_left = f", about {duration(seconds * left / done)} left" if done > 0 and left > 0 else ""
        note = f" ({self.note})" if self.note else ""
        return f"{self.description}: {self.n} of {total} {self.unit}s{time_left}{note}"


def _terminal() -> "rich.console.Console":
    import rich.console

    # sys.stderr is looked up on every call: tests and notebooks replace it.
    return rich.console.Console(file=sys.stderr)


def _live_display(terminal: "rich.console.Console") -> "rich.progress.Progress":
    from rich import progress
    from rich.table import Column
    from rich.text import Text

    class CountColumn(progress.ProgressColumn):
        """`120/400`; nothing where the end is not known."""

        def render(self, task: progress.Task) -> Text:
            return Text("" if task.total is None else f"{task.completed:.0f}/{task.total:.0f}")

    # The bar and the note share what the numbers leave; a long note is cut.
    return progress.Progress(
        progress.TextColumn("{task.description}", table_column=Column(no_wrap=True)),
        progress.BarColumn(bar_width=None, table_column=Column(ratio=1, min_width=8)),
        CountColumn(table_column=Column(no_wrap=True, min_width=9)),
        progress.TimeElapsedColumn(table_column=Column(no_wrap=True, min_width=7)),
        progress.TimeRemainingColumn(compact=True, table_column=Column(no_wrap=True, min_width=5)),
        progress.TextColumn("{task.fields[note]}", table_column=Column(ratio=2, no_wrap=True, overflow="ellipsis")),
        console=terminal,
        transient=True,
        expand=True,
        refresh_per_second=4,
    )


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
