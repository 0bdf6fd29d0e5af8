"""How close the synthetic images come to the real ones: every score with the context needed to interpret it, and
copies."""

from collections.abc import Mapping, Sequence
from typing import Any

from ganbal.report import pictures
from ganbal.report.figures.score_bars import direction, draw_scores, reaches_floor, shown_value
from ganbal.report.page import Block, Column, Fold, Gallery, Missing, Paragraph, Table, TableEntry, Tone, code
from ganbal.report.run_reader import RunFiles
from ganbal.report.sections.warnings import stale_notice
from ganbal.runtime import number_text
from ganbal.runtime.number_text import UNKNOWN, count, plural

_COLUMNS = [
    Column("Score"),
    Column("Value", numeric=True),
    Column("Interval", numeric=True),
    Column("Floor (real against real)", numeric=True),
    Column("Synthetic at the floor's N", numeric=True),
    Column("N real", numeric=True),
    Column("N synthetic", numeric=True),
    Column("Features, dimensions, resize", wide=True),
]
_FLOOR_COLUMNS = [
    Column("Score"),
    Column("Floor"),
    Column("Value", numeric=True),
    Column("Range of single splits", numeric=True),
    Column("N each side", numeric=True),
    Column("Splits", numeric=True),
    Column("Synthetic at this N", numeric=True),
]
_FLOORS = {"floor": "halves of the real images", "held_out_floor": "training against held-out real images"}
_CAPTION = (
    "Scores of the synthetic images. The floor is what real images score among themselves: no generator is expected "
    "to do better. Values of different features or dimensions do not compare, neither with each other nor with other "
    "publications."
)


def scores_blocks(run: RunFiles) -> list[Block]:
    """The scores, each with N, features and floor."""
    if run.scores is None:
        return [Missing("The synthetic images have not been scored yet.", run.command("score"))]
    scores = [_titled(score) for score in run.scores["scores"]]
    drawable = [score for score in scores if score["floor"] is not None and shown_value(score) is not None]
    return [
        *stale_notice(run, "score"),
        Paragraph(_comparison(run.scores)),
        *([Gallery("", [draw_scores(drawable, run.mark)])] if drawable else []),
        scores_table(scores),
        *_floors(scores),
        *_notes(scores),
        *_copies(run, run.scores["copies"]),
        *(
            scores_table(found["scores"], name=f"scores-{number}", caption=f"The same for {name}.")
            for number, (name, found) in enumerate(run.scores["other_classes"].items(), 2)
        ),
    ]


def scores_table(scores: Sequence[Mapping[str, Any]], *, name: str = "scores", caption: str = _CAPTION) -> Table:
    """Scores with everything that is needed to read them: N, floor, features, dimensions and resize.

    Args:
        scores: those of one class in `RunFiles.scores`.
    """
    return Table(name, caption, _COLUMNS, [_row(_titled(score)) for score in scores])


def _titled(score: Mapping[str, Any]) -> dict[str, Any]:
    return {**score, "title": score["title"] or score["metric"]}


def _row(score: Mapping[str, Any]) -> list[TableEntry]:
    floor, value = score["floor"] or {}, score["value"]
    better = f" ({direction(score)})" if direction(score) else ""
    tones: dict[bool | None, Tone] = {True: "good", False: "bad", None: "plain"}
    return [
        TableEntry(score["title"] + better),
        TableEntry(number_text.score(value), value, tones[reaches_floor(score)]),
        _interval(*score["interval"]) if len(score["interval"] or ()) == 2 else TableEntry(UNKNOWN),
        TableEntry(number_text.score(floor.get("value")) if floor else "not computed", floor.get("value")),
        TableEntry(number_text.score(floor.get("score_at_n")), floor.get("score_at_n")),
        TableEntry(count(score["n_real"]), score["n_real"]),
        TableEntry(count(score["n_synthetic"]), score["n_synthetic"]),
        TableEntry(_features(score["extractor"])),
    ]


def _interval(low: float | None, high: float | None) -> TableEntry:
    return TableEntry(number_text.score_interval(low, high), low, upper=high)


def _features(extractor: Mapping[str, Any]) -> str:
    if not extractor["name"]:
        return UNKNOWN
    dims = f"{count(extractor['dims'])} dimensions" if extractor["dims"] else "unknown dimensions"
    resize = f"resize {extractor['resize']}" if extractor["resize"] else "unknown resize"
    return f"{extractor['name']}, {dims}, {resize}"


def _floors(scores: Sequence[Mapping[str, Any]]) -> list[Block]:
    """Everything about the floors, folded: the table of scores has the values."""
    rows = [
        [
            TableEntry(score["title"]),
            TableEntry(meaning),
            TableEntry(number_text.score(floor["value"]), floor["value"]),
            _interval(floor["low"], floor["high"]),
            TableEntry(count(floor["n"]), floor["n"]),
            TableEntry(count(floor["splits"]), floor["splits"]),
            TableEntry(number_text.score(floor["score_at_n"]), floor["score_at_n"]),
        ]
        for score in scores
        for key, meaning in _FLOORS.items()
        if (floor := score[key]) is not None
    ]
    caption = (
        "The floors: the same score between real images. The synthetic images' score at the same number of images is "
        "what compares with a floor, since many scores shrink as the number grows."
    )
    return [Fold("The floors in full", [Table("floors", caption, _FLOOR_COLUMNS, rows)])] if rows else []


def _comparison(scores: Mapping[str, Any]) -> str:
    comparison = scores["comparison"]
    sides = [
        f"{comparison[side]['name']} ({count(comparison[side]['n'])})"
        for side in ("real", "synthetic", "held_out")
        if comparison[side]["name"]
    ]
    size = comparison["image_size_px"]
    at_size = f", at {count(size)} × {count(size)} px" if size else ""
    of_class = f" of {scores['class_name']}" if scores["class_name"] else ""
    return (
        f"Compared{of_class}: {number_text.listing(sides)}{at_size}."
        if sides
        else "Real and synthetic images compared."
    )


def _notes(scores: Sequence[Mapping[str, Any]]) -> list[Block]:
    """Remarks about the scores and their features, each once, folded."""
    notes: dict[str, None] = {}
    for score in scores:
        extractor = score["extractor"]
        if score["note"]:
            notes[f"{score['title']}: {score['note']}."] = None
        if extractor["note"]:
            notes[f"{extractor['name']}: {extractor['note']}."] = None
        if extractor["weights_sha256"]:
            notes[f"Weights of {extractor['name']}: SHA-256 {code(extractor['weights_sha256'])}."] = None
    return [Fold("Notes on the scores", [Paragraph(note, quiet=True) for note in notes])] if notes else []


def _copies(run: RunFiles, copies: Mapping[str, Any] | None) -> list[Block]:
    """Whether the generator copies training images: the closest pairs; nothing where copies were not looked for."""
    if copies is None:
        return []
    number = copies["number"]
    found = plural(number, "synthetic image") if number else "No synthetic image"
    blocks: list[Block] = [Paragraph(f"{found} counted as a copy of a training image{_threshold_rule(copies)}.")]
    picture = pictures.nearest_pairs(run)
    if picture:
        blocks.append(Gallery("Nearest training images", [picture]))
    rows = [
        [
            TableEntry(pair["synthetic"] or UNKNOWN),
            TableEntry(pair["training"] or UNKNOWN),
            TableEntry(number_text.score(pair["relative_distance"]), pair["relative_distance"]),
            TableEntry("copy", tone="bad") if pair["is_copy"] else TableEntry("no"),
        ]
        for pair in copies["nearest_pairs"]
    ]
    columns = [
        Column("Synthetic"),
        Column("Nearest training image"),
        Column("Distance / threshold", numeric=True),
        Column("Copy"),
    ]
    table = Table(
        "nearest-pairs",
        "The synthetic images closest to training images; below 1 × threshold is a copy.",
        columns,
        rows,
    )
    return [*blocks, *([Fold("The closest pairs by name", [table])] if rows else [])]


def _threshold_rule(copies: Mapping[str, Any]) -> str:
    """Which real images the thresholds come from, as the end of a sentence; empty where the file does not say."""
    if not copies["rule_from"]:
        return ""
    number, left_out = copies["originals"], copies["duplicates_left_out"]
    images = f"{count(number)} {copies['rule_from']} images" if number else f"{copies['rule_from']} images"
    duplicates = f", without {plural(left_out, 'duplicate')} of training images" if left_out else ""
    return f", by thresholds set on {images}{duplicates}"
