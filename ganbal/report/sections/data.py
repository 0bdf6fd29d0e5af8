"""What the images are: counts, patients, duplicates, files that could not be read."""

from collections.abc import Mapping
from typing import Any

from ganbal.report import number_text, pictures
from ganbal.report.figures.counts import draw_counts
from ganbal.report.number_text import count, listing, plural
from ganbal.report.page import Block, Column, Entry, Facts, Fold, Gallery, Missing, Paragraph, Section, Table
from ganbal.report.run_reader import RunFiles

_MOST_UNREADABLE_SHOWN = 50
_ORIGINS = {"kaggle": "folders by split and class", "flat": "one folder a class", "csv": "a CSV table"}


def data_section(run: RunFiles) -> Section:
    """The images and how they were split."""
    blocks: list[Block]
    if run.data is None:
        blocks = [Missing("The images have not been inspected yet.", run.command("inspect"))]
    else:
        facts = run.data
        blocks = [
            Gallery("", [draw_counts(facts["counts"], run.classes, run.mark)]),
            _counts_table(facts, run.classes),
            Facts(_facts(facts)),
            *_pictures(run),
            *_unreadable(facts),
            *_duplicates(facts),
        ]
    return Section("data", "The images", "Images", blocks)


def _pictures(run: RunFiles) -> list[Block]:
    found = pictures.inspection_figures(run)
    return [Gallery("What they look like", found)] if found else []


def _counts_table(facts: Mapping[str, Any], classes: list[str]) -> Table:
    counts, patients = facts["counts"], facts.get("patients") or {}
    rows = []
    for split, by_class in counts.items():
        numbers = [int(by_class.get(name, 0)) for name in classes]
        rows.append(
            [
                Entry(split),
                *(Entry(count(number), number) for number in numbers),
                Entry(count(sum(numbers)), sum(numbers)),
                _share(numbers, classes, facts["minority_class"]),
                Entry(count(patients.get(split)), patients.get(split)),
            ]
        )
    columns = [
        Column("Split"),
        *(Column(name, numeric=True) for name in classes),
        Column("All", numeric=True),
        Column(f"Share of {facts['minority_class']}", numeric=True),
        Column("Patients", numeric=True),
    ]
    caption = "Images by split and class as this run used them; `unused` are the set's own validation images, where "
    return Table("counts", caption + "validation is cut from the training part instead.", columns, rows)


def _share(numbers: list[int], classes: list[str], minority: str) -> Entry:
    if not sum(numbers) or minority not in classes:
        return Entry(number_text.UNKNOWN)
    value = numbers[classes.index(minority)] / sum(numbers)
    return Entry(f"{100 * value:.1f} %", round(value, 6))


def _facts(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    source, sizes = facts["source"], facts.get("sizes") or {}
    missing = {name: n for name, n in (facts.get("missing_to_balance") or {}).items() if n}
    duplicates = facts.get("duplicates") or {}
    entries = [
        ("Taken from", _source(source)),
        ("Imbalance", _imbalance(facts)),
        ("Missing to balance", listing([f"{count(n)} {name}" for name, n in missing.items()]) or "nothing"),
        ("Validation", str(facts.get("validation_rule") or number_text.UNKNOWN)),
        ("Patients in two splits", _shared_patients(facts)),
        ("Exact duplicates", _duplicates_in_words(duplicates)),
        ("Unreadable files", count(len(facts.get("unreadable") or []))),
        ("Sizes", _sizes(sizes)),
        ("Colour modes", listing([f"{mode} {count(n)}" for mode, n in (sizes.get("modes") or {}).items()])),
        ("On disk", _found(facts)),
        ("Digest of the images", f"`{facts['digest']}`" if facts.get("digest") else ""),
    ]
    return [(term, text) for term, text in entries if text]


def _source(source: Mapping[str, Any]) -> str:
    origin = f" ({source['origin']})" if source.get("origin") else ""
    layout = _ORIGINS.get(str(source.get("layout")), "")
    return f"`{source.get('root')}`{origin}{'; ' + layout if layout else ''}"


def _imbalance(facts: Mapping[str, Any]) -> str:
    ratio = facts.get("imbalance_ratio")
    words = f"1 : {ratio:.2f} in training" if number_text.is_known(ratio) else "not known"
    return f"{words}; the minority class is {facts['minority_class']}"


def _shared_patients(facts: Mapping[str, Any]) -> str:
    shared = [entry for entry in facts.get("patients_shared") or [] if entry.get("count")]
    if not shared:
        return "no id stands in more than one split"
    told = [
        f"{plural(entry['count'], 'id')} in both {listing([str(s) for s in entry['splits']])}"
        + (f" (e.g. {entry['examples'][0]})" if entry.get("examples") else "")
        for entry in shared
    ]
    return "; ".join(told) + ". Ids come from file names; whether they mean the same person is not known"


def _duplicates_in_words(duplicates: Mapping[str, Any]) -> str:
    if not duplicates:
        return number_text.UNKNOWN
    if not duplicates.get("images"):
        return "none"
    across = duplicates.get("across_splits") or 0
    return (
        f"{plural(duplicates['images'], 'image')} in {plural(duplicates.get('groups') or 0, 'group')}, "
        f"{plural(across, 'group')} across splits"
    )


def _sizes(sizes: Mapping[str, Any]) -> str:
    if not sizes.get("median"):
        return ""
    low, middle, high = (f"{size[0]:.0f} × {size[1]:.0f}" for size in (sizes["min"], sizes["median"], sizes["max"]))
    if low == high:
        return f"all {low} px"
    return f"{low} to {high} px, median {middle} px, {plural(sizes.get('distinct') or 0, 'different size')}"


def _found(facts: Mapping[str, Any]) -> str:
    found = facts.get("counts_found") or {}
    return "; ".join(
        f"{split}: {', '.join(f'{count(n)} {name}' for name, n in by_class.items())}"
        for split, by_class in found.items()
    )


def _unreadable(facts: Mapping[str, Any]) -> list[Block]:
    files = facts.get("unreadable") or []
    if not files:
        return []
    rows = [[Entry(str(file["file_name"])), Entry(str(file.get("reason", "")))] for file in files]
    caption = "Files that could not be read and were left out."
    shown = Table("unreadable", caption, [Column("File"), Column("Reason", wide=True)], rows[:_MOST_UNREADABLE_SHOWN])
    more = len(rows) - _MOST_UNREADABLE_SHOWN
    rest = [Paragraph(f"and {plural(more, 'more file')}; all stand in data.json.", quiet=True)] if more > 0 else []
    return [Fold(f"Unreadable files ({len(rows)})", [shown, *rest])]


def _duplicates(facts: Mapping[str, Any]) -> list[Block]:
    examples = (facts.get("duplicates") or {}).get("examples") or []
    if not examples:
        return []
    rows = [[Entry(str(number), number), Entry(", ".join(map(str, files)))] for number, files in enumerate(examples, 1)]
    columns = [Column("Group", numeric=True), Column("Files with the same content", wide=True)]
    return [Fold("Examples of exact duplicates", [Table("duplicates", "Some groups of equal files.", columns, rows)])]
