"""A report's page as Markdown, with pictures and tables beside it as files.

Every text is escaped, so that no name in it becomes markup.
"""

import re
from collections.abc import Sequence

from ganbal.report.glossary import TERMS
from ganbal.report.page import (
    Answer,
    Block,
    Code,
    Definitions,
    Drawing,
    Fold,
    Gallery,
    Missing,
    Notice,
    Page,
    PageSection,
    Paragraph,
    Picture,
    Table,
    code_parts,
    printable,
)
from ganbal.runtime.markdown_text import as_block, escaped


def render_markdown(page: Page) -> str:
    """The whole report; links point to `figures/` and `tables/` beside the file."""
    lines = [f"# {_text(page.question)}", "", f"**{_text(page.set_name)}**", ""]
    if page.mark:
        lines += [f"> **{_text(page.mark.upper())}**", ""]
    lines += _answer(page.answer)
    for section in page.sections:
        lines += _section(section, page.mark)
    lines += ["## Terms", "", *(f"- **{_text(term)}**: {_text(meaning)}" for term, meaning in TERMS.items()), ""]
    lines += ["---", "", _text(page.footer), ""]
    return printable("\n".join(lines))


def render_card(title: str, mark: str | None, sections: Sequence[PageSection]) -> str:
    """A short document of some sections, beside the report in the run folder."""
    lines = [f"# {_text(title)}", "", *(line for section in sections for line in _section(section, mark))]
    return printable("\n".join(lines))


def _answer(answer: Answer) -> list[str]:
    lines = [f"## {_text(answer.headline)}", ""]
    if answer.missing:
        lines += _block(answer.missing)
    for label, text in answer.findings:
        lines += [f"**{_text(label)}.** {_text(text)}", ""]
    for warning in answer.warnings:
        lines += _block(warning)
    cards = [(card.term, f"{card.value}{f' ({card.note})' if card.note else ''}") for card in answer.cards]
    lines += [*(f"- {_text(term)}: {_text(text)}" for term, text in cards), ""]
    items: list[Drawing | Picture] = [*answer.forest, *answer.samples]
    for item in items:
        lines += _image(item)
    return lines + ([_text(answer.forest_remark), ""] if answer.forest_remark else [])


def _section(section: PageSection, mark: str | None) -> list[str]:
    lines = [f"## {_text(section.title)}", ""]
    if mark:
        lines += [f"*{_text(mark)}*", ""]
    for block in section.blocks:
        lines += _block(block)
    return lines


def _block(block: Block) -> list[str]:
    match block:
        case Paragraph():
            return [_text(block.text), ""]
        case Notice():
            return [f"> **{_text(block.kind)}.** {_text(block.text)}", ""]
        case Missing():
            return [_text(block.text), "", *_fenced(block.command), ""]
        case Definitions():
            return [*(f"- **{_text(term)}**: {_text(text)}" for term, text in block.entries), ""]
        case Code():
            return [f"**{_text(block.label)}**", "", *_fenced(block.text), ""]
        case Table():
            return _table(block)
        case Gallery():
            return _gallery(block)
        case Fold():
            inner = [line for part in block.blocks for line in _block(part)]
            return [f"### {_text(block.title)}", "", *inner]


def _gallery(gallery: Gallery) -> list[str]:
    lines = [f"### {_text(gallery.title)}", ""] if gallery.title else []
    for item in gallery.items:
        lines += _image(item)
    return lines + ([_text(gallery.remark), ""] if gallery.remark else [])


def _image(item: Drawing | Picture) -> list[str]:
    suffix = "png" if isinstance(item, Drawing) else "jpg"
    label = f"{_text(item.label)}. " if isinstance(item, Picture) else ""
    words = f"{label}{_text(item.caption)}".strip()
    return [f"![{_text(item.alt)}](figures/{item.name}.{suffix})", "", *([f"*{words}*", ""] if words else [])]


def render_table(table: Table) -> str:
    """A table and its caption, for a document that has no `tables/` beside it."""
    return printable("\n".join([*_rows(table), "", f"*{_text(table.caption)}*"]))


def _table(table: Table) -> list[str]:
    return [*_rows(table), "", f"*{_text(table.caption)}* [CSV](tables/{table.name}.csv)", ""]


def _rows(table: Table) -> list[str]:
    def row(texts: Sequence[str]) -> str:
        # Cells are split at every bar that has no backslash, before code is looked for.
        return "| " + " | ".join(re.sub(r"(?<!\\)\|", r"\|", _text(text)) for text in texts) + " |"

    rule = "| " + " | ".join("---:" if column.numeric else "---" for column in table.columns) + " |"
    lines = [row([column.title for column in table.columns]), rule]
    return lines + [row([entry.text for entry in entries]) for entries in table.rows]


def _fenced(text: str) -> list[str]:
    fence = "`" * max(3, _longest_run_of_backticks(text) + 1)
    return [fence, text, fence]


def _text(text: str) -> str:
    """The text on one line, where only parts marked as code are markup."""
    line = "".join(
        _code_span(part) if is_code else escaped(part) for part, is_code in code_parts(" ".join(text.split()))
    )
    return as_block(line)


def _code_span(text: str) -> str:
    fence = "`" * (_longest_run_of_backticks(text) + 1)
    pad = " " if text[0] == "`" or text[-1] == "`" else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _longest_run_of_backticks(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)
