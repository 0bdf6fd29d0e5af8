"""What a report consists of, before it becomes HTML or Markdown.

Texts are plain; words between backticks are set as code.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Tone = Literal["plain", "good", "bad", "caution"]


@dataclass(frozen=True)
class Paragraph:
    """Running text; `quiet` for remarks that qualify what stands above."""

    text: str
    quiet: bool = False


@dataclass(frozen=True)
class Missing:
    """A part of the work that has not been done yet, and the command that does it."""

    text: str
    command: str


@dataclass(frozen=True)
class Notice:
    """A sentence that must not be overlooked."""

    text: str
    kind: str
    tone: Tone = "caution"


@dataclass(frozen=True)
class Facts:
    """Terms with what is to be said of each."""

    entries: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Entry:
    """One place of a table: what is shown, and the value it is sorted and exported by (None: the text itself).

    Of an interval, `value` is the lower end and `upper` the other one.
    """

    text: str
    value: float | int | str | None = None
    tone: Tone = "plain"
    upper: float | None = None


@dataclass(frozen=True)
class Column:
    """A column's heading; numeric columns are aligned right, `wide` ones hold sentences.

    `title_in_file` heads the values where they are in another unit than the texts.
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
    rows: Sequence[Sequence[Entry]]

    def __post_init__(self) -> None:
        assert all(len(row) == len(self.columns) for row in self.rows), self.name


@dataclass(frozen=True)
class Drawing:
    """A plot: `svg` for the page (colours follow the page's theme), `svg_file` and `png` to stand alone."""

    name: str
    caption: str
    alt: str
    svg: str
    svg_file: str
    png: bytes
    width_px: int


@dataclass(frozen=True)
class Picture:
    """Pixels rather than lines, as an encoded file; `label` stands above it and says what the reader looks at."""

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
    """Text to be copied as it stands; `prose` for sentences, which a reader rather sees in the page's own letters."""

    label: str
    text: str
    prose: bool = False


@dataclass(frozen=True)
class Fold:
    """Detail that starts closed on the page."""

    title: str
    blocks: "Sequence[Block]"


Block = Paragraph | Missing | Notice | Facts | Table | Gallery | Code | Fold


@dataclass(frozen=True)
class Section:
    """A chapter; `anchor` is its place in the page's address, `short` its name in the navigation."""

    anchor: str
    title: str
    short: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Answer:
    """The first screen: the short answer, the sentence that carries it, the evidence in a figure and in samples."""

    headline: str
    tone: Tone
    sentence: str
    missing: Missing | None
    remarks: Sequence[str]
    facts: Sequence[tuple[str, str]]
    forest: Sequence[Drawing]
    forest_remark: str
    samples: Sequence[Picture]


@dataclass(frozen=True)
class Page:
    """A whole report. `mark` is what every part has to say of itself, such as that the images are drawn."""

    set_name: str
    question: str
    mark: str | None
    answer: Answer
    sections: Sequence[Section]
    footer: str


def walk(blocks: Sequence[Block]) -> "list[Block]":
    """All blocks in reading order, those inside folds included."""
    found: list[Block] = []
    for block in blocks:
        found.append(block)
        if isinstance(block, Fold):
            found += walk(block.blocks)
    return found
