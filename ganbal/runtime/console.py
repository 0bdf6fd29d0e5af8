"""What the person at the terminal sees: sentences, warnings, progress bars."""

import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm


@dataclass
class Console:
    """Speaks on stderr, so that stdout stays free for results; also keeps a log where it is given a file.

    `quiet` silences sentences and bars but never warnings.
    """

    quiet: bool = False
    log_file: Path | None = None
    warnings: list[str] = field(default_factory=list)

    def say(self, text: str = "") -> None:
        self._log(text)
        if not self.quiet:
            tqdm.write(text, file=sys.stderr)

    def warn(self, text: str) -> None:
        self.warnings.append(text)
        self._log(f"warning: {text}")
        tqdm.write(f"warning: {text}", file=sys.stderr)

    def progress(self, total: int, description: str, unit: str, *, initial: int = 0) -> "tqdm[Any]":
        """A bar with rate and time left; use it as a context manager and call `.update(n)`."""
        return tqdm(
            total=total,
            initial=initial,
            desc=description,
            unit=unit,
            disable=self.quiet,
            file=sys.stderr,
            dynamic_ncols=True,
            mininterval=0.3 if sys.stderr.isatty() else 10.0,
            leave=False,
        )

    def _log(self, text: str) -> None:
        if self.log_file is not None and text:
            self.log_file.parent.mkdir(parents=True, exist_ok=True)
            with self.log_file.open("a", encoding="utf-8") as file:
                file.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {text}\n")
