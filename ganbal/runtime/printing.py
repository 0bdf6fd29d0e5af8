"""Results and errors on a terminal: words wrapped to its width, and the structure of the text in colors.

Text stays plain until it is shown. Where the stream is no terminal it is printed as it is; with NO_COLOR in the
environment it has no colors.
"""

import re
from typing import IO

from ganbal.runtime.text import harmless, printable_lines

_STYLES = (
    (r"(?m)^.*\n(?=-{2,}( +-{2,})*$)", "bold"),  # the header of a table
    (r"(?m)^-{2,}( +-{2,})*$|^─+$", "dim"),
    (r"(?m)^! .*$", "yellow"),
    (r"(?m)^PHANTOM SET.*$", "yellow"),
    (r"(?m)\bhelps$", "green"),
    (r"(?m)\bhurts$", "red"),
)
"""What lines of a result mean, by their form."""


def print_result(text: str, stream: IO[str]) -> None:
    """The result of a command."""
    text = printable_lines(text)
    if not stream.isatty():
        print(text, file=stream)
        return
    import rich.console
    import rich.text

    styled = rich.text.Text(text)
    for pattern, style in _STYLES:
        for match in re.finditer(pattern, text):
            styled.stylize(style, *match.span())
    rich.console.Console(file=stream).print(styled, markup=False, highlight=False, emoji=False)


def print_error(text: str, stream: IO[str]) -> None:
    """A failure, as `error: …`."""
    text = harmless(f"error: {text}")
    if not stream.isatty():
        print(text, file=stream)
        return
    import rich.console
    import rich.text

    styled = rich.text.Text(text)
    styled.stylize("bold red", 0, len("error:"))
    rich.console.Console(file=stream).print(styled, markup=False, highlight=False, emoji=False)
