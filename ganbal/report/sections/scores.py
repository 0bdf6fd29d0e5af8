"""How near the synthetic images come to the real ones: every score with what it needs to be read."""

from collections.abc import Mapping, Sequence
from typing import Any

from ganbal.report import number_text
from ganbal.report.figures.score_bars import draw_scores
from ganbal.report.number_text import count
from ganbal.report.page import Block, Column, Entry, Fold, Gallery, Missing, Paragraph, Section, Table
from ganbal.report.run_reader import RunFiles
from ganbal.report.sections.copies import copies_blocks

_COLUMNS = [
    Column("Score"),
    Column("Value", numeric=True),
    Column("Interval", numeric=True),
    Column("Real against real", numeric=True),
    Column("Synthetic at the same N", numeric=True),
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


def scores_section(run: RunFiles) -> Section:
    """The scores, none of them bare."""
    blocks: list[Block]
    if run.scores is None:
        blocks = [Missing("The synthetic images have not been scored yet.", run.command("score"))]
    else:
        scores = [score for score in run.scores["scores"] if score.get("title") or score.get("metric")]
        blocks = [
            Paragraph(_comparison(run)),
            *_drawing(scores, run.mark),
            Table("scores", _CAPTION, _COLUMNS, [_row(score) for score in scores]),
            *_floors(scores),
            *(Paragraph(note, quiet=True) for note in _notes(scores)),
            *copies_blocks(run, run.scores.get("copies")),
            *_other_classes(run.scores.get("other_classes")),
        ]
    return Section("scores", "How near the synthetic images come", "Scores", blocks)


def _other_classes(found: Any) -> list[Table]:
    """A table for each further class, against real images of that class."""
    classes = found.items() if isinstance(found, Mapping) else ()
    return [
        Table(f"scores-{number}", f"The same for {name}.", _COLUMNS, [_row(score) for score in facts["scores"]])
        for number, (name, facts) in enumerate(classes, 2)
    ]


_CAPTION = (
    "Scores of the synthetic images. Real against real is what real images score among themselves: no generator is "
    "expected to do better. Values of different features or dimensions are not comparable, with each other or with "
    "other publications."
)


def _drawing(scores: Sequence[Mapping[str, Any]], mark: str | None) -> list[Gallery]:
    drawable = [
        {**score, "title": _title(score)}
        for score in scores
        if score.get("floor") and number_text.is_known(score.get("value"))
    ]
    return [Gallery("", [draw_scores(drawable, mark)])] if drawable else []


def _row(score: Mapping[str, Any]) -> list[Entry]:
    extractor, floor, interval = score.get("extractor") or {}, score.get("floor") or {}, score.get("interval")
    value = score.get("value")
    better = f" ({score['better']} is better)" if score.get("better") else ""
    return [
        Entry(_title(score) + better),
        Entry(number_text.score(value), value),
        _interval(*interval) if interval else Entry(number_text.UNKNOWN),
        Entry(number_text.score(floor.get("value")) if floor else "not computed", floor.get("value")),
        Entry(number_text.score(floor.get("score_at_n")), floor.get("score_at_n")),
        Entry(count(score.get("n_real")), score.get("n_real")),
        Entry(count(score.get("n_synthetic")), score.get("n_synthetic")),
        Entry(_features(extractor)),
    ]


def _interval(low: float | None, high: float | None) -> Entry:
    return Entry(number_text.score_interval(low, high), low, upper=high)


def _title(score: Mapping[str, Any]) -> str:
    return str(score.get("title") or score["metric"])


def _features(extractor: Mapping[str, Any]) -> str:
    if not extractor.get("name"):
        return number_text.UNKNOWN
    dims = f"{count(extractor['dims'])} dimensions" if extractor.get("dims") else "dimensions not told"
    resize = f"resize {extractor['resize']}" if extractor.get("resize") else "no resize told"
    return f"{extractor['name']}, {dims}, {resize}"


def _floors(scores: Sequence[Mapping[str, Any]]) -> list[Block]:
    """Everything about the floors, folded: the table of scores has the values."""
    rows = [
        [
            Entry(_title(score)),
            Entry(meaning),
            Entry(number_text.score(floor.get("value")), floor.get("value")),
            _interval(floor.get("low"), floor.get("high")),
            Entry(count(floor.get("n")), floor.get("n")),
            Entry(count(floor.get("splits")), floor.get("splits")),
            Entry(number_text.score(floor.get("score_at_n")), floor.get("score_at_n")),
        ]
        for score in scores
        for key, meaning in _FLOORS.items()
        if (floor := score.get(key))
    ]
    caption = (
        "The floors: the same score between real images. The synthetic images' score at the same number of images is "
        "what compares with a floor, since many scores shrink as the number grows."
    )
    return [Fold("The floors in full", [Table("floors", caption, _FLOOR_COLUMNS, rows)])] if rows else []


def _comparison(run: RunFiles) -> str:
    comparison = (run.scores or {}).get("comparison") or {}
    sides = [
        f"{comparison[side]['name']} ({count(comparison[side].get('n'))})"
        for side in ("real", "synthetic", "held_out")
        if isinstance(comparison.get(side), Mapping) and comparison[side].get("name")
    ]
    size = comparison.get("image_size_px")
    at_size = f", at {size} × {size} px" if size else ""
    return f"Compared: {number_text.listing(sides)}{at_size}." if sides else "Real images compared with synthetic ones."


def _notes(scores: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the scores say of themselves and of their features, each once."""
    notes: dict[str, None] = {}
    for score in scores:
        extractor = score.get("extractor") or {}
        if score.get("note"):
            notes[f"{_title(score)}: {score['note']}."] = None
        if extractor.get("note"):
            notes[f"{extractor['name']}: {extractor['note']}."] = None
        if extractor.get("weights_sha256"):
            notes[f"Weights of {extractor['name']}: SHA-256 `{extractor['weights_sha256']}`."] = None
    return list(notes)
