"""What a report consists of, before it becomes HTML or Markdown.

Texts are plain: whatever they contain is shown as it stands. Only `code` marks a part as code.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Tone = Literal["plain", "good", "bad", "caution"]

CODE_START, CODE_END = "\ue000", "\ue001"
"""Private-use characters that `printable` removes from everything that is read, so that no name can contain them."""


def code(text: object) -> str:
    """The text, marked to be set as code."""
    return f"{CODE_START}{text}{CODE_END}"


def code_parts(text: str) -> list[tuple[str, bool]]:
    """The text in parts, each with whether it is code; without the marks."""
    parts = []
    for piece in re.split(f"({CODE_START}[^{CODE_END}]*{CODE_END})", text):
        is_code = piece.startswith(CODE_START)
        parts.append((piece.strip(CODE_START + CODE_END) if is_code else re.sub(r"[\ue000\ue001]", "", piece), is_code))
    return [part for part in parts if part[0]]


def printable(text: str) -> str:
    """The text without characters that steer a terminal or reverse the reading direction; line breaks stay."""
    return _STEERING.sub("\ufffd", text)


_STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 and C1 controls but for tab and line feed
    "\u200e\u200f\u202a-\u202e\u2066-\u2069"  # direction marks, embeddings, overrides and isolates
    "\ud800-\udfff\ue000\ue001\ufffe\uffff]"  # lone surrogates, the marks of `code`, no characters
)


def file_stem(name: str) -> str:
    """`name` itself where it is safe in a file name and in an address; otherwise a safe stem that no other name has."""
    safe = re.sub(r"[^a-z0-9_-]+", "-", name.lower()).strip("-")[:40]
    return safe if safe == name and safe else f"{safe or 'name'}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


@dataclass(frozen=True)
class Paragraph:
    """Running text; `quiet` for remarks that qualify the text above."""

    text: str
    quiet: bool = False


@dataclass(frozen=True)
class Missing:
    """Work that has not been done yet, and the command that does it."""

    text: str
    command: str


@dataclass(frozen=True)
class Notice:
    """A sentence that must not be overlooked; tone `bad` is severe."""

    text: str
    kind: str
    tone: Tone = "caution"


@dataclass(frozen=True)
class Definitions:
    """Terms, each with its text."""

    entries: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class TableEntry:
    """One field of a table: the text shown, and the value it is sorted and exported by (None: the text itself).

    Of an interval, `value` is the lower end and `upper` the other one.
    """

    text: str
    value: float | int | str | None = None
    tone: Tone = "plain"
    upper: float | None = None


@dataclass(frozen=True)
class Column:
    """A column's heading; numeric columns are aligned right, `wide` ones hold sentences.

    `title_in_file` heads the values where their unit differs from that of the texts.
    """

    title: str
    numeric: bool = False
    wide: bool = False
    title_in_file: str = ""


@dataclass(frozen=True)
class Table:
    """A table whose first entry of every row is the row's heading; also written to tables/<name>.csv."""

    name: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[TableEntry]]

    def __post_init__(self) -> None:
        assert all(len(row) == len(self.columns) for row in self.rows), self.name


@dataclass(frozen=True)
class Drawing:
    """A plot: `svg` for the page (colors follow the page's theme), `svg_file` and `png` to stand alone."""

    name: str
    caption: str
    alt: str
    svg: str
    svg_file: str
    png: bytes
    width_px: int


@dataclass(frozen=True)
class Picture:
    """A raster image as an encoded file; `label` stands above it and names its content."""

    name: str
    label: str
    caption: str
    alt: str
    jpeg: bytes
    width_px: int
    height_px: int
    synthetic: bool = False


@dataclass(frozen=True)
class Gallery:
    """Drawings or pictures that belong together, side by side where there is room."""

    title: str
    items: Sequence[Drawing | Picture]
    remark: str = ""


@dataclass(frozen=True)
class Code:
    """Text to be copied as it stands; `prose` for sentences, which the page sets in its own typeface."""

    label: str
    text: str
    prose: bool = False


@dataclass(frozen=True)
class Fold:
    """Detail that is closed at first, and not printed."""

    title: str
    blocks: "Sequence[Block]"


Block = Paragraph | Missing | Notice | Definitions | Table | Gallery | Code | Fold


@dataclass(frozen=True)
class PageSection:
    """A chapter; `anchor` is its place in the page's address, `short` its name in the navigation."""

    anchor: str
    title: str
    short: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Card:
    """A key number of the first screen: its name, the number, and the context needed to interpret it."""

    term: str
    value: str
    note: str = ""
    tone: Tone = "plain"


@dataclass(frozen=True)
class Answer:
    """The first screen: the verdict in one line, what it rests on, and what to do next.

    `findings` are labeled sentences (the effect, what the study could not have seen, the next step …); `warnings` are
    those that can overturn the verdict.
    """

    headline: str
    tone: Tone
    findings: Sequence[tuple[str, str]]
    missing: Missing | None
    cards: Sequence[Card]
    warnings: Sequence[Notice]
    forest: Sequence[Drawing]
    forest_remark: str
    samples: Sequence[Picture]


@dataclass(frozen=True)
class Page:
    """A whole report. `mark` is a note that every part carries, such as that the images are simulated."""

    set_name: str
    question: str
    mark: str | None
    answer: Answer
    sections: Sequence[PageSection]
    footer: str


def walk(blocks: Sequence[Block]) -> "list[Block]":
    """All blocks in reading order, those inside folds included."""
    found: list[Block] = []
    for block in blocks:
        found.append(block)
        if isinstance(block, Fold):
            found += walk(block.blocks)
    return found
