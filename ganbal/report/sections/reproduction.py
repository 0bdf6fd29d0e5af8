"""The published systems, trained again by `ganbal reproduce`, beside their published figures."""

from collections.abc import Mapping, Sequence
from typing import Any

from ganbal.report.page import Block, Column, Notice, Paragraph, Table, TableEntry, code
from ganbal.report.run_reader import RunFiles
from ganbal.report.study_view import VERDICT_TONES
from ganbal.runtime import number_text
from ganbal.runtime.number_text import UNKNOWN, count
from ganbal.runtime.shared_text import METRIC_TITLES

_READING = (
    "Published: one training each, with the binomial 95 % interval of its accuracy for the size of its test set. "
    "Documents: stopped early on the test set, as the publications did, which flatters. Honest: stopped on validation "
    "images of other patients. This run: mean ± standard deviation over seeds, matrix of the median seed."
)
_PROTOCOLS = {"documents": "this run, documents", "honest": "this run, honest"}


def reproduction_blocks(run: RunFiles) -> list[Block]:
    """Nothing where `ganbal reproduce` has not been run here."""
    content = run.reproduction
    if content is None or not content["systems"]:
        return []
    blocks: list[Block] = [*_stale(run, content), Paragraph(_READING), _table(content)]
    if content["differences"]:
        blocks.append(_differences_table(content["differences"]))
    blocks += [Notice(remark, "Reproduction") for remark in content["remarks"]]
    for system in content["systems"]:
        if system["skipped"]:
            blocks.append(Paragraph(f"{_title(system)}: skipped. {system['skipped']}", quiet=True))
    notes = dict.fromkeys(
        f"{system['title']}: {system['published']['note']}"
        for system in content["systems"]
        if system["published"]["note"]
    )
    return blocks + [Paragraph(note, quiet=True) for note in notes]


def _stale(run: RunFiles, content: Mapping[str, Any]) -> list[Block]:
    """A notice where the synthetic images are others than those that the systems were trained with."""
    used, now = content["synthetic"] or {}, (run.synthesis or {}).get("manifest_sha256")
    if not used or used["manifest_sha256"] == now:
        return []
    text = "The systems with synthetic images were trained with others than the run has now. Train them again: "
    return [Notice(f"{text}{code(run.command('reproduce'))}.", "Out of date", "bad")]


def _table(content: Mapping[str, Any]) -> Table:
    rows = [row for system in content["systems"] if not system["skipped"] for row in _rows(system)]
    columns = [
        Column("System"),
        Column("Whose"),
        Column("Accuracy", numeric=True),
        Column("Published interval", numeric=True),
        Column("Within it"),
        Column("Seeds", numeric=True),
        Column("[[TN, FP], [FN, TP]]"),
    ]
    return Table("reproduction", "Accuracy on the test set, published and of this run.", columns, rows)


def _differences_table(differences: Sequence[Mapping[str, Any]]) -> Table:
    columns = [
        Column("System"),
        Column("Whose"),
        Column("Metric"),
        Column("Published (points)", numeric=True, title_in_file="Published difference"),
        Column("Difference (points)", numeric=True, title_in_file="Difference"),
        Column("Interval", numeric=True),
        Column("p", numeric=True),
        Column("Seeds", numeric=True),
        Column("Verdict"),
    ]
    rows = [
        [
            TableEntry(row["baseline_title"] or UNKNOWN),
            TableEntry(_PROTOCOLS.get(row["protocol"], row["protocol"])),
            TableEntry(METRIC_TITLES.get(row["metric"], row["metric"])),
            TableEntry(number_text.points(row["published"]), row["published"]),
            TableEntry(number_text.points(row["mean"]), row["mean"]),
            TableEntry(number_text.points_interval(row["low"], row["high"]), row["low"], upper=row["high"]),
            TableEntry(number_text.p_value(row["p_value"]), row["p_value"]),
            TableEntry(count(row["n"]), row["n"]),
            TableEntry(row["verdict"] or UNKNOWN, tone=VERDICT_TONES.get(row["verdict"], "plain")),
        ]
        for row in differences
    ]
    caption = "The balanced minus the original set, paired by seed, with a 95 % interval for other seeds and patients."
    return Table("reproduction_differences", caption, columns, rows)


def _title(system: Mapping[str, Any]) -> str:
    return f"{system['title'] or system['name']} ({system['name']})"


def _rows(system: Mapping[str, Any]) -> list[list[TableEntry]]:
    published, interval = system["published"], system["published"]["interval"]
    is_known = len(interval) == 2
    text = f"{number_text.share(interval[0])} to {number_text.share(interval[1])}" if is_known else UNKNOWN
    of_interval = TableEntry(text, interval[0] if is_known else None)
    first = [
        TableEntry(_title(system)),
        TableEntry(f"published ({published['document'] or UNKNOWN})"),
        TableEntry(number_text.share(published["accuracy"]), published["accuracy"]),
        of_interval,
        TableEntry(""),
        TableEntry("1", 1),
        TableEntry(_matrix(published["confusion_matrix"])),
    ]
    return [first, *(_own_row(_title(system), of_interval, *item) for item in system["protocols"].items())]


def _own_row(title: str, interval: TableEntry, protocol: str, found: Mapping[str, Any]) -> list[TableEntry]:
    within, mean = found["is_within_published_interval"], found["accuracy_mean"]
    answer = (
        TableEntry(UNKNOWN)
        if within is None
        else TableEntry("yes", tone="good")
        if within
        else TableEntry("no", tone="caution")
    )
    return [
        TableEntry(title),
        TableEntry(_PROTOCOLS.get(protocol, protocol)),
        TableEntry(number_text.mean_sd(mean, found["accuracy_sd"]), mean),
        interval,
        answer,
        TableEntry(str(len(found["seeds"])), len(found["seeds"])),
        TableEntry(f"{_matrix(found['confusion_matrix'])} (seed {count(found['median_seed'])})"),
    ]


def _matrix(matrix: list[list[float]]) -> str:
    return str([list(row) for row in matrix]) if matrix else UNKNOWN
