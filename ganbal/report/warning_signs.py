"""What a reader has to know before believing a run: collected from its files, each kind of thing said once."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ganbal.report.number_text import listing, plural
from ganbal.report.page import Notice
from ganbal.report.run_reader import RunFiles
from ganbal.report.warning_text import warning_text

_KINDS = (
    ("Shortcut", r"shortcut|tells? .*synthetic|told .*synthetic|resolution|blurr"),
    ("Copies", r"\bcop(y|ies|ying)\b|repeats training|memoris|nearest"),
    ("Leakage", r"leak|patient.*(both|split)|across splits"),
    ("Few seeds", r"\bseeds?\b"),
    ("Not pretrained", r"pretrained|random weights|weights: none"),
    ("Protocol", r"protocol|test set"),
    ("Phantom set", r"phantom"),
)


def warning_signs(run: RunFiles) -> list[Notice]:
    """The stages' own warnings, then what the report sees for itself and no stage has said yet."""
    told = [_classified(str(text), "Scores") for text in (run.scores or {}).get("warnings") or []]
    told += [_of_study(record) for record in (run.summary or {}).get("warnings") or []]
    told += _own(run)
    return list({notice.text: notice for notice in told}.values())


def _of_study(record: Any) -> Notice:
    found = warning_text(record if isinstance(record, Mapping) else {"kind": record})
    return Notice(found.text, found.title)


def _classified(text: str, otherwise: str) -> Notice:
    kind = next((kind for kind, pattern in _KINDS if re.search(pattern, text, re.IGNORECASE)), otherwise)
    return Notice(text, kind)


def _own(run: RunFiles) -> Iterable[Notice]:
    if run.is_phantom:
        yield Notice(
            "The images are drawn by a program, not photographed. Nothing here says anything about patients; it shows "
            "how the work goes.",
            "Phantom set",
        )
    yield from _of_the_sizes(run)
    yield from _of_the_data(run)
    for name, reason in run.unread:
        yield Notice(
            f"`{name}` is there but could not be used: {reason}. What it holds is missing here.", "Damaged file"
        )


def _of_the_sizes(run: RunFiles) -> Iterable[Notice]:
    size = (run.training or {}).get("image_size_px")
    larger = [c for c in (run.summary or {}).get("classifiers") or [] if size and (c.get("image_size_px") or 0) > size]
    for classifier in larger:
        yield Notice(
            f"The generator draws at {size} px and {classifier['title']} looks at {classifier['image_size_px']} px: "
            "enlarged synthetic images are blurrier than real ones, and blur can give their class away.",
            "Shortcut",
        )


def _of_the_data(run: RunFiles) -> Iterable[Notice]:
    data = run.data or {}
    for shared in data.get("patients_shared") or []:
        if shared.get("count") and "unused" not in shared["splits"]:
            yield Notice(
                f"{plural(shared['count'], 'patient id')} in both {listing([str(s) for s in shared['splits']])}. "
                "If these are the same people, results are too good.",
                "Leakage",
            )
    across = (data.get("duplicates") or {}).get("across_splits")
    if across:
        yield Notice(f"{plural(across, 'group')} of exactly equal images reach across splits.", "Leakage")
    between = (data.get("duplicates") or {}).get("across_classes")
    if between:
        yield Notice(f"{plural(between, 'group')} of exactly equal images carry different class names.", "Data")
    unreadable = len(data.get("unreadable") or [])
    if unreadable:
        verb = "was" if unreadable == 1 else "were"
        yield Notice(
            f"{plural(unreadable, 'file')} could not be read and {verb} left out; the list stands below.", "Data"
        )
