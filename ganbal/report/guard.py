"""A section that fails is replaced by a notice, and the rest of the report is made."""

import logging
from collections.abc import Callable

from ganbal.report.page import Block, Notice
from ganbal.runtime.warning_text import warning_text


def guarded(name: str, make: Callable[[], list[Block]]) -> list[Block]:
    """The blocks of `make`, or a notice that `name` could not be made and why."""
    try:
        return make()
    except Exception as error:  # no file of a run may stop the report, whatever is wrong in it
        logging.getLogger(__name__).debug("%s could not be made", name, exc_info=True)
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        found = warning_text({"kind": "section-failed", "values": {"section": name, "error": reason}})
        return [Notice(found.text, found.title, "bad")]
