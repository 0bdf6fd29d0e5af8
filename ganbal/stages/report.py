"""`report`: the report of a run, from its files."""

from typing import Any

from ganbal.report import build_report
from ganbal.run.folder import Run


def report(run: Run) -> dict[str, Any]:
    """Where the report is."""
    files = build_report(run.folder)
    return {"html": str(files.html), "markdown": str(files.markdown)}
