"""What the images are: counts, patients, duplicates, files that could not be read."""

from collections.abc import Mapping
from typing import Any

from ganbal.report import pictures
from ganbal.report.figures.counts import draw_counts
from ganbal.report.page import Block, Column, Definitions, Fold, Gallery, Missing, Paragraph, Table, TableEntry, code
from ganbal.report.run_reader import RunFiles
from ganbal.report.sections.warnings import stale_notice
from ganbal.runtime import number_text
from ganbal.runtime.number_text import UNKNOWN, count, listing, plural
from ganbal.runtime.shared_text import FIT_RULES, POSITIVE_CLASS_REASONS, channels_sentence, import_text

_MOST_UNREADABLE_SHOWN = 50
_DOUBT = ". Ids come from file names; whether they mean the same person is unknown"
LAYOUTS = {
    "kaggle": "folders by split and class",
    "class-first": "folders by class and split",
    "flat": "one folder per class",
    "csv": "a table",
    "imagefolder": "a Hugging Face imagefolder",
    "npz": "arrays",
    "nifti": "slices of volumes",
    "parquet": "images in Parquet files",
}
"""Titles of the layouts of data.json."""


def data_blocks(run: RunFiles) -> list[Block]:
    """The images and how they were split."""
    data = run.data
    if data is None:
        return [Missing("The images have not been inspected yet.", run.command("inspect"))]
    return [
        *stale_notice(run, "inspect"),
        Gallery("", [draw_counts(data["counts"], run.classes, run.mark), *pictures.inspection_figures(run)]),
        _counts_table(data),
        Definitions(_entries(data)),
        *_unreadable(data),
        *_duplicates(data),
    ]


def _counts_table(data: Mapping[str, Any]) -> Table:
    classes, minority = data["classes"], data["minority_class"]
    rows = []
    for split, by_class in data["counts"].items():
        numbers = [by_class.get(name, 0) for name in classes]
        patients = data["patients"].get(split)
        rows.append(
            [
                TableEntry(split),
                *(TableEntry(count(number), number) for number in numbers),
                TableEntry(count(sum(numbers)), sum(numbers)),
                _share(by_class.get(minority, 0), sum(numbers)),
                TableEntry(count(patients), patients),
            ]
        )
    columns = [
        Column("Split"),
        *(Column(name, numeric=True) for name in classes),
        Column("All", numeric=True),
        Column(f"Share of {minority}", numeric=True),
        Column("Patients", numeric=True),
    ]
    unused = " “unused” are the set's own validation images." if "unused" in data["counts"] else ""
    return Table("counts", f"Images by split and class, as this run used them.{unused}", columns, rows)


def _share(number: float, total: float) -> TableEntry:
    return TableEntry(f"{100 * number / total:.1f} %", round(number / total, 6)) if total else TableEntry(UNKNOWN)


def _entries(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    sizes = data["sizes"]
    missing = [f"{count(number)} {name}" for name, number in data["missing_to_balance"].items() if number]
    entries = [
        ("Source", _source(data["source"])),
        ("Imported from", "; ".join(map(import_text, data["source"]["imports"]))),
        ("Imbalance", _imbalance(data)),
        ("Missing to balance", listing(missing) or "nothing"),
        ("Positive class", _positive(data)),
        ("Validation", data["validation_rule"] or UNKNOWN),
        ("Patients recognized", _recognized(data)),
        ("Patients in two splits", _shared_patients(data)),
        ("Identical files", _identical(data["duplicates"])),
        ("Unreadable files", count(len(data["unreadable"]))),
        ("Sizes", _sizes(sizes)),
        ("Color modes", listing([f"{mode} {count(number)}" for mode, number in sizes["modes"].items()])),
        ("Channels", _channels(data["channels"])),
        ("Fit", _fit(data["fit"], sizes)),
        ("Intensity range", _intensity(data["intensity"])),
        ("On disk", _found(data)),
        ("Digest of the images", code(data["digest"]) if data["digest"] else ""),
    ]
    return [(term, text) for term, text in entries if text]


def _source(source: Mapping[str, Any]) -> str:
    origin = f" ({source['origin']})" if source["origin"] else ""
    layout = LAYOUTS.get(source["layout"] or "", "")
    return f"{code(source['root'] or UNKNOWN)}{origin}{'; ' + layout if layout else ''}"


def _imbalance(data: Mapping[str, Any]) -> str:
    ratio = data["imbalance_ratio"]
    words = f"1 : {ratio:.2f} in training" if number_text.is_known(ratio) else "unknown"
    return f"{words}; the minority class is {data['minority_class']}"


def _positive(data: Mapping[str, Any]) -> str:
    reason = POSITIVE_CLASS_REASONS.get(str(data["positive_class_reason"]))
    return f"{data['positive_class']}{f' ({reason})' if reason else ''}" if data["positive_class"] else ""


def _recognized(data: Mapping[str, Any]) -> str:
    found = data["patients_recognized"]
    if found["images"] is None:
        return ""
    unit = "volume" if "volume" in found["by"] else "image"
    ways = f" ({listing([f'{way}: {count(number)}' for way, number in found['by'].items()])})" if found["by"] else ""
    return f"for {plural(found['images'], 'image')}{ways}" if found["images"] else f"for no image: split by {unit}"


def _intensity(intensity: Mapping[str, Any] | None) -> str:
    if intensity is None or len(intensity["range"]) != 2:
        return ""
    low, high = intensity["range"]
    images = plural(intensity["images"], "image")
    return f"{low:g} to {high:g}, {intensity['chosen_by'] or 'unknown choice'}, for {images} of more than 8 bits"


def _channels(channels: Mapping[str, Any] | None) -> str:
    if channels is None or channels["colored"] is None or channels["images"] is None:
        return ""
    return channels_sentence(channels)


def _fit(fit: Mapping[str, Any] | None, sizes: Mapping[str, Any]) -> str:
    """How images became squares; nothing where all are square."""
    if fit is None or fit["rule"] is None or fit["elongation"] is None:
        return ""
    if fit["elongation"] == 1 and len(sizes["min"]) == 2 and sizes["min"] == sizes["max"]:
        return ""
    ratios = listing([f"{name} {ratio:.2f}" for name, ratio in fit["aspect_ratios"].items()])
    return f"{FIT_RULES.get(fit['rule'], fit['rule'])}; median width / height: {ratios}"


def _shared_patients(data: Mapping[str, Any]) -> str:
    shared = [entry for entry in data["patients_shared"] if entry["count"]]
    if not shared:
        return "no id is in more than one split"
    phrases = [
        f"{plural(entry['count'], 'id')} in both {listing(entry['splits'])}"
        + (f" (for example {entry['examples'][0]})" if entry["examples"] else "")
        for entry in shared
    ]
    doubt = "" if data["patients_recognized"]["are_certain"] else _DOUBT
    return "; ".join(phrases) + doubt


def _identical(duplicates: Mapping[str, Any] | None) -> str:
    if duplicates is None or duplicates["images"] is None:
        return UNKNOWN
    if not duplicates["images"]:
        return "none"
    across = duplicates["across_splits"] or 0
    return (
        f"{plural(duplicates['images'], 'image')} in {plural(duplicates['groups'] or 0, 'group')}, "
        f"{plural(across, 'group')} across splits"
    )


def _sizes(sizes: Mapping[str, Any]) -> str:
    if any(len(sizes[name]) != 2 for name in ("min", "median", "max")):
        return ""
    low, middle, high = (f"{size[0]:.0f} × {size[1]:.0f}" for size in (sizes["min"], sizes["median"], sizes["max"]))
    if low == high:
        return f"all {low} px"
    return f"{low} to {high} px, median {middle} px, {plural(sizes['distinct'] or 0, 'different size')}"


def _found(data: Mapping[str, Any]) -> str:
    return "; ".join(
        f"{split}: {', '.join(f'{count(number)} {name}' for name, number in by_class.items())}"
        for split, by_class in data["counts_found"].items()
    )


def _unreadable(data: Mapping[str, Any]) -> list[Block]:
    files = data["unreadable"]
    if not files:
        return []
    rows = [[TableEntry(file["file_name"]), TableEntry(file["reason"] or "")] for file in files]
    caption = "Files that could not be read and were left out."
    shown = Table("unreadable", caption, [Column("File"), Column("Reason", wide=True)], rows[:_MOST_UNREADABLE_SHOWN])
    more = len(rows) - _MOST_UNREADABLE_SHOWN
    rest = [Paragraph(f"{plural(more, 'more file')}; data.json lists all.", quiet=True)] if more > 0 else []
    return [Fold(f"Unreadable files ({len(rows)})", [shown, *rest])]


def _duplicates(data: Mapping[str, Any]) -> list[Block]:
    examples = (data["duplicates"] or {}).get("examples") or []
    if not examples:
        return []
    rows = [[TableEntry(str(number), number), TableEntry(", ".join(files))] for number, files in enumerate(examples, 1)]
    columns = [Column("Group", numeric=True), Column("Files with identical content", wide=True)]
    table = Table("duplicates", "Examples of groups of identical files.", columns, rows)
    return [Fold("Examples of identical files", [table])]
