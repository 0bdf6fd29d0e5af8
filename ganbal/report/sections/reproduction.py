"""The published systems, trained again by `ganbal reproduce`, beside their published figures."""

from collections.abc import Mapping
from typing import Any

from ganbal.report import number_text
from ganbal.report.page import Block, Column, Entry, Notice, Paragraph, Section, Table
from ganbal.report.run_reader import RunFiles

_READING = (
    "Published: one training each, with the binomial 95 % interval of its accuracy for the size of its test set. "
    "`documents`: stopped by looking at the test set, as the publications did, which flatters. `honest`: stopped on "
    "validation images of other patients. Ours: mean ± standard deviation over seeds, table of the median seed."
)
_PROTOCOL_WORDS = {"documents": "ours, documents", "honest": "ours, honest"}


def reproduction_section(run: RunFiles) -> Section | None:
    """None where `ganbal reproduce` has not been run here."""
    facts = run.reproduction()
    if facts is None:
        return None
    blocks: list[Block] = [Paragraph(_READING), _table(facts)]
    blocks += [Notice(remark, "Reproduction") for remark in facts.get("remarks", [])]
    for system in facts["systems"]:
        if system["skipped"]:
            blocks.append(
                Paragraph(f"{system['title']} ({system['name']}): skipped, it {system['skipped']}.", quiet=True)
            )
    notes = dict.fromkeys(f"{s['title']}: {s['published']['note']}" for s in facts["systems"] if s["published"]["note"])
    blocks += [Paragraph(note, quiet=True) for note in notes]
    return Section("reproduction", "The published systems, trained again", "Reproduction", blocks)


def _table(facts: Mapping[str, Any]) -> Table:
    rows = [row for system in facts["systems"] if not system["skipped"] for row in _rows(system)]
    columns = [
        Column("System"),
        Column("Whose"),
        Column("Accuracy", numeric=True),
        Column("Published interval", numeric=True),
        Column("Within it"),
        Column("Seeds", numeric=True),
        Column("[[TN, FP], [FN, TP]]"),
    ]
    return Table("reproduction", "Accuracy on the test set, published and ours.", columns, rows)


def _rows(system: Mapping[str, Any]) -> list[list[Entry]]:
    published, title = system["published"], f"{system['title']} ({system['name']})"
    interval = published["interval"]
    text = "–" if interval is None else f"{number_text.share(interval[0])} to {number_text.share(interval[1])}"
    first = [
        Entry(title),
        Entry(f"published ({published['document']})"),
        Entry(number_text.share(published["accuracy"]), published["accuracy"]),
        Entry(text, None if interval is None else interval[0]),
        Entry(""),
        Entry("1", 1),
        Entry(_matrix(published["confusion_matrix"])),
    ]
    return [first, *(_own_row(title, text, interval, *item) for item in system["protocols"].items())]


def _own_row(title: str, text: str, interval: Any, protocol: str, found: Mapping[str, Any]) -> list[Entry]:
    within, mean = found["is_within_published_interval"], found["accuracy_mean"]
    answer = Entry("–") if within is None else Entry("yes", tone="good") if within else Entry("no", tone="caution")
    return [
        Entry(title),
        Entry(_PROTOCOL_WORDS.get(protocol, protocol)),
        Entry(number_text.mean_sd(mean, found["accuracy_sd"]), mean),
        Entry(text, None if interval is None else interval[0]),
        answer,
        Entry(str(len(found["seeds"])), len(found["seeds"])),
        Entry(f"{_matrix(found['confusion_matrix'])} (seed {found['median_seed']})"),
    ]


def _matrix(matrix: Any) -> str:
    return "–" if matrix is None else str([list(row) for row in matrix])
