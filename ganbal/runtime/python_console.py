"""Output of calls from Python: progress bars through `tqdm.auto`, in a notebook as in a script."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ganbal.runtime.console import Console, ProgressBar

if TYPE_CHECKING:
    from tqdm import tqdm

logger = logging.getLogger("ganbal")


class PythonConsole(Console):
    """Prints messages on stdout, where a notebook shows them as text, and warnings on stderr.

    Args:
        quiet: prints warnings only; no messages, no progress.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        super().__init__(quiet=quiet)

    @contextmanager
    def working(self, what: str) -> Iterator[None]:
        logger.info(what, extra={"is_shown": True})
        yield

    def _print(self, text: str, style: str | None = None) -> None:
        from tqdm.auto import tqdm

        tqdm.write(text, file=sys.stdout if style is None else sys.stderr)

    def _start_bar(self, bar: ProgressBar) -> "tqdm[Any] | None":
        if self.quiet or bar.total is None:
            return None
        from tqdm.auto import tqdm

        return tqdm(total=bar.total, desc=bar.description, unit=bar.unit, initial=bar.n, leave=False)

    def _refresh_bar(self, bar: ProgressBar, task: "tqdm[Any]") -> None:
        task.set_postfix_str(bar.note, refresh=False)
        task.update(bar.n - task.n)

    def _stop_bar(self, task: "tqdm[Any]") -> None:
        task.close()
