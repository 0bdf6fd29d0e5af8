"""Tables for a terminal."""

import shutil
import sys
from collections.abc import Sequence

from ganbal.runtime.text import printable


def table(header: Sequence[str], rows: Sequence[Sequence[str]], width: int | None = None) -> str:
    """Columns padded to their widest entry, a rule under the header; long entries are wrapped where it is too wide.

    Args:
        width: in characters; None takes that of the terminal, and no limit where stdout is none.
    """
    if width is None:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 10_000
    lines = [[printable(text) for text in row] for row in (header, *rows)]
    widths = [max(len(row[column]) for row in lines) for column in range(len(header))]
    if sum(widths) + 2 * (len(widths) - 1) > width:
        return _wrapped(lines, width)
    texts = ["  ".join(text.ljust(size) for text, size in zip(row, widths, strict=True)).rstrip() for row in lines]
    return "\n".join([texts[0], "  ".join("-" * size for size in widths), *texts[1:]])


def _wrapped(lines: Sequence[Sequence[str]], width: int) -> str:
    import rich.box
    import rich.console
    import rich.table

    drawn = rich.table.Table(*lines[0], box=rich.box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for column in drawn.columns:
        column.overflow = "fold"
    for row in lines[1:]:
        drawn.add_row(*row)
    console = rich.console.Console(width=width, color_system=None, markup=False, emoji=False, highlight=False)
    with console.capture() as captured:
        console.print(drawn)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())
