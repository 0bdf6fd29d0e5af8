"""A report's page as Markdown, with pictures and tables beside it as files."""

import re
from collections.abc import Sequence

from ganbal.report.page import (
    Answer,
    Block,
    Code,
    Drawing,
    Facts,
    Fold,
    Gallery,
    Missing,
    Notice,
    Page,
    Paragraph,
    Picture,
    Section,
    Table,
)


def render_markdown(page: Page) -> str:
    """The whole report; links point to `figures/` and `tables/` beside the file."""
    lines = [f"# {_text(page.question)}", "", f"**{_text(page.set_name)}**", ""]
    if page.mark:
        lines += [f"> **{_text(page.mark.upper())}**", ""]
    lines += _answer(page.answer)
    for section in page.sections:
        lines += _section(section, page.mark)
    lines += ["---", "", _text(page.footer), ""]
    return "\n".join(lines)


def _answer(answer: Answer) -> list[str]:
    lines = [f"## {_text(answer.headline)}", "", _text(answer.sentence), ""]
    if answer.missing:
        lines += _block(answer.missing)
    for remark in answer.remarks:
        lines += [_text(remark), ""]
    lines += [*(f"- {_text(term)}: {_text(text)}" for term, text in answer.facts), ""]
    items: list[Drawing | Picture] = [*answer.forest, *answer.samples]
    for item in items:
        lines += _image(item)
    return lines + ([_text(answer.forest_remark), ""] if answer.forest_remark else [])


def _section(section: Section, mark: str | None) -> list[str]:
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
            return [f"{_text(block.text)}", "", *_fenced(block.command), ""]
        case Facts():
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
    alt = _text(item.alt).replace("[", "\\[").replace("]", "\\]")
    words = f"{label}{_text(item.caption)}".strip()
    return [f"![{alt}](figures/{item.name}.{suffix})", "", *([f"*{words}*", ""] if words else [])]


def _table(table: Table) -> list[str]:
    def row(texts: Sequence[str]) -> str:
        return "| " + " | ".join(_text(text).replace("|", "\\|") for text in texts) + " |"

    rule = "| " + " | ".join("---:" if column.numeric else "---" for column in table.columns) + " |"
    lines = [row([column.title for column in table.columns]), rule]
    lines += [row([entry.text for entry in entries]) for entries in table.rows]
    return [*lines, "", f"*{_text(table.caption)}* [CSV](tables/{table.name}.csv)", ""]


def _fenced(text: str) -> list[str]:
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [fence, text, fence]


def _text(text: str) -> str:
    """One line that no Markdown reader takes for markup, code between backticks excepted."""
    line = " ".join(text.split())
    parts = line.split("`") if line.count("`") % 2 == 0 else [line.replace("`", "'")]
    return "`".join(part if number % 2 else _escaped(part) for number, part in enumerate(parts))


def _escaped(text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\*_#$\[\]])", r"\\\1", text)
