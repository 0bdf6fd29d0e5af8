"""Progress bars on a terminal: count, time left, a note."""

from typing import TYPE_CHECKING

from ganbal.runtime.forecast import Forecast
from ganbal.runtime.text import duration

if TYPE_CHECKING:
    import rich.console
    import rich.progress


def live_display(terminal: "rich.console.Console", forecast: Forecast) -> "rich.progress.Progress":
    """All bars of a console, one below the other; a task's field `note` is shown beside its bar."""
    from rich import progress
    from rich.table import Column
    from rich.text import Text

    class CountColumn(progress.ProgressColumn):
        """`120/400`; nothing where the end is not known."""

        def render(self, task: progress.Task) -> Text:
            return Text("" if task.total is None else f"{task.completed:.0f}/{task.total:.0f}")

    class TimeLeftColumn(progress.ProgressColumn):
        """`2:13 left, whole run 1:02:03`, or how long it has taken where the end is not known."""

        max_refresh = 0.5

        def render(self, task: progress.Task) -> Text:
            elapsed, left = task.elapsed or 0.0, task.time_remaining
            return Text(duration(elapsed) if left is None else forecast.text(elapsed, left))

    # The bar and the note share what the numbers leave; a long note is cut. The spinner moves during long steps.
    return progress.Progress(
        progress.SpinnerColumn("line"),
        progress.TextColumn("{task.description}", table_column=Column(no_wrap=True)),
        progress.BarColumn(bar_width=None, table_column=Column(ratio=1, min_width=8)),
        CountColumn(table_column=Column(no_wrap=True, min_width=9)),
        TimeLeftColumn(table_column=Column(no_wrap=True, min_width=9)),
        progress.TextColumn("{task.fields[note]}", table_column=Column(ratio=2, no_wrap=True, overflow="ellipsis")),
        console=terminal,
        transient=True,
        expand=True,
        refresh_per_second=4,
    )
