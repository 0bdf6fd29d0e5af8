"""From a run folder to its report."""

import csv
import functools
import io
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ganbal.report.cards import CARDS, cards_of
from ganbal.report.guard import guarded
from ganbal.report.html import render_html
from ganbal.report.markdown import render_markdown
from ganbal.report.page import (
    Answer,
    Block,
    Drawing,
    Gallery,
    Notice,
    Page,
    PageSection,
    Picture,
    Table,
    TableEntry,
    printable,
    walk,
)
from ganbal.report.run_reader import RunFiles, read_run_folder
from ganbal.report.sections.answer import answer_of
from ganbal.report.sections.classifiers import classifiers_blocks
from ganbal.report.sections.data import data_blocks
from ganbal.report.sections.generator import generator_blocks
from ganbal.report.sections.methods import methods_blocks
from ganbal.report.sections.provenance import provenance_blocks
from ganbal.report.sections.published import published_blocks
from ganbal.report.sections.reproduction import reproduction_blocks
from ganbal.report.sections.scores import scores_blocks
from ganbal.report.sections.warnings import warnings_blocks
from ganbal.report.shapes import sequence, text
from ganbal.runtime.atomic_files import atomic_path, write_json, write_text
from ganbal.runtime.links import check_links

QUESTION = "Should GAN images go into this training set?"


class _Chapter(NamedTuple):
    """A section of every report; it is left out where `blocks` finds nothing to say."""

    anchor: str
    title: str
    short: str
    blocks: Callable[[RunFiles], list[Block]]


_CHAPTERS = (
    _Chapter("warnings", "Before you rely on it", "Warnings", warnings_blocks),
    _Chapter("data", "The images", "Images", data_blocks),
    _Chapter("generator", "The generator", "Generator", generator_blocks),
    _Chapter("scores", "How close the synthetic images come", "Scores", scores_blocks),
    _Chapter("classifiers", "The classifiers, arm by arm", "Classifiers", classifiers_blocks),
    _Chapter("published", "Beside the published figures", "Published", published_blocks),
    _Chapter("reproduction", "The published systems, trained again", "Reproduction", reproduction_blocks),
    _Chapter("methods", "Methods", "Methods", methods_blocks),
    _Chapter("reproduce", "To reproduce this run", "Reproduce", provenance_blocks),
)
"""In reading order; one line adds a section."""
_LIST = "report_files.json"


@dataclass(frozen=True)
class ReportFiles:
    """The files of a report.

    `figures` are the PNG, SVG and JPEG files of its plots and pictures; `cards` are those of the model and the data.
    """

    html: Path
    markdown: Path
    figures: tuple[Path, ...]
    tables: tuple[Path, ...]
    cards: tuple[Path, ...]


def build_report(run_folder: Path) -> ReportFiles:
    """Write report.html, report.md, figures/, tables/ and the cards from the files of a run, however much is done.

    The same files give the same report. Figures and tables of an earlier report that this one no longer has are
    removed; other files in figures/ stay.

    Raises:
        InputError: `run_folder` is not a run folder, or a link leads out of it.
    """
    check_links(run_folder)
    run = read_run_folder(run_folder)
    page = page_of(run)
    earlier = _listed(run)
    figures = tuple(_write_figures(page, run_folder / "figures"))
    tables = tuple(_write_tables(page, run_folder / "tables"))
    html, markdown = run_folder / "report.html", run_folder / "report.md"
    write_text(markdown, render_markdown(page))
    write_text(html, render_html(page))
    cards = tuple(_write_cards(run, page))
    files = sorted(path.relative_to(run_folder).as_posix() for path in (*figures, *tables, *cards))
    write_json(run_folder / "figures" / _LIST, files)
    for name in set(earlier) - set(files):
        (run_folder / name).unlink(missing_ok=True)
    return ReportFiles(html, markdown, figures, tables, cards)


def page_of(run: RunFiles) -> Page:
    """Everything the report says, in order."""
    sections = []
    for chapter in _CHAPTERS:
        blocks = guarded(chapter.title, functools.partial(chapter.blocks, run))
        if blocks:
            sections.append(PageSection(chapter.anchor, chapter.title, chapter.short, blocks))
    version = run.provenance["ganbal_version"]
    footer = f"Written by ganbal{f' {version}' if version else ''}. For research; not a medical device."
    return Page(run.set_name, QUESTION, run.mark, _answer(run), sections, footer)


def _answer(run: RunFiles) -> Answer:
    found: list[Answer] = []

    def make() -> list[Block]:
        found.append(answer_of(run))
        return []

    failed = [block for block in guarded("The answer", make) if isinstance(block, Notice)]
    return found[0] if found else Answer("Cannot tell: files are damaged.", "caution", [], None, [], failed, [], "", [])


def figures_of(page: Page) -> list[Drawing | Picture]:
    """All plots and pictures of a page."""
    found: list[Drawing | Picture] = [*page.answer.forest, *page.answer.samples]
    for section in page.sections:
        for block in walk(section.blocks):
            found += block.items if isinstance(block, Gallery) else []
    return found


def tables_of(page: Page) -> list[Table]:
    return [block for section in page.sections for block in walk(section.blocks) if isinstance(block, Table)]


def table_as_csv(table: Table) -> str:
    """The table with the values behind its texts; an interval becomes two columns."""
    are_intervals = [any(entry.upper is not None for entry in entries) for entries in zip(*table.rows, strict=True)]
    are_intervals = are_intervals or [False] * len(table.columns)
    titles = [column.title_in_file or column.title for column in table.columns]
    ends = [("low", "high") if is_interval else () for is_interval in are_intervals]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    heads = [[f"{title} {end}" for end in both] or [title] for title, both in zip(titles, ends, strict=True)]
    writer.writerow(itertools.chain.from_iterable(heads))
    for row in table.rows:
        values = (_in_file(entry, is_interval) for entry, is_interval in zip(row, are_intervals, strict=True))
        writer.writerow(itertools.chain.from_iterable(values))
    return printable(buffer.getvalue())


def _in_file(entry: TableEntry, is_interval: bool) -> list[Any]:
    if is_interval:
        return ["" if end is None else end for end in (entry.value, entry.upper)]
    return [entry.text if entry.value is None else entry.value]


def _write_figures(page: Page, folder: Path) -> Iterable[Path]:
    for item in figures_of(page):
        if isinstance(item, Drawing):
            write_text(folder / f"{item.name}.svg", item.svg_file)
            yield folder / f"{item.name}.svg"
            yield _write_bytes(folder / f"{item.name}.png", item.png)
        else:
            yield _write_bytes(folder / f"{item.name}.jpg", item.jpeg)


def _write_tables(page: Page, folder: Path) -> Iterable[Path]:
    for table in tables_of(page):
        write_text(folder / f"{table.name}.csv", table_as_csv(table))
        yield folder / f"{table.name}.csv"


def _write_cards(run: RunFiles, page: Page) -> Iterable[Path]:
    for name, content in cards_of(run, page).items():
        write_text(run.folder / name, content)
        yield run.folder / name


def _write_bytes(target: Path, content: bytes) -> Path:
    with atomic_path(target) as temporary:
        temporary.write_bytes(content)
    return target


def _listed(run: RunFiles) -> list[str]:
    """Files an earlier report wrote; only names inside its two folders and cards count."""
    names = run.reader.json(f"figures/{_LIST}", sequence(text)) or []
    own = ("figures/", "tables/")
    return [name for name in names if name in CARDS or (name.startswith(own) and ".." not in name)]
