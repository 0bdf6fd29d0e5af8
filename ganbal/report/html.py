"""A report's page as one HTML file that needs nothing else."""

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from ganbal.report.glossary import PATTERN, TERMS, explanation_of, term_of
from ganbal.report.page import Block, Drawing, Page, Picture, code_parts, file_stem, printable

_TEMPLATES = Path(__file__).parent / "templates"


def render_html(page: Page) -> str:
    """Style, script, plots and pictures are embedded; a content security policy forbids all requests."""
    style, script = ((_TEMPLATES / name).read_text(encoding="utf-8") for name in ("report.css", "report.js"))
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words = _Words()
    filters: dict[str, Callable[..., Any]] = {"rich": words.rich, "kind": kind, "svg": svg, "stem": file_stem}
    environment.filters |= filters | {"data_address": data_address, "explained": explained, "code_words": code_words}
    environment.globals["begin_section"] = words.begin_section
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return printable(
        environment.get_template("report.html.jinja").render(
            page=page, terms=TERMS, style=Markup(style), script=Markup(script), script_digest=digest
        )
    )


class _Words:
    """Texts with their code parts set, and each glossary term linked to its meaning once per section."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def begin_section(self) -> str:
        self._seen = set()
        return ""

    def rich(self, text: str) -> Markup:
        parts = [_code(part) if is_code else self._linked(part) for part, is_code in code_parts(text)]
        return Markup("").join(parts)

    def _linked(self, text: str) -> Markup:
        made, place = Markup(""), 0
        for match in PATTERN.finditer(text):
            term = term_of(match[0])
            if term in self._seen:
                continue
            self._seen.add(term)
            made += escape(text[place : match.start()]) + Markup(
                '<a class="term" href="#term-{}" title="{}">{}</a>'
            ).format(file_stem(term), TERMS[term], match[0])
            place = match.end()
        return made + escape(text[place:])


def code_words(text: str) -> Markup:
    """Escaped text with its code parts set, without links."""
    return Markup("").join(_code(part) if is_code else escape(part) for part, is_code in code_parts(text))


def explained(title: str) -> Markup:
    """A table heading, with the meaning of its term for those who point at it."""
    meaning = explanation_of(title)
    return Markup('<abbr title="{}">{}</abbr>').format(meaning, title) if meaning else escape(title)


def kind(block: Block | Drawing | Picture) -> str:
    """The block's class name, by which the template chooses how to set it."""
    return type(block).__name__


def svg(drawing: Drawing) -> Markup:
    """The plot as part of the page."""
    # Made by ganbal.report.figures.drawing, where matplotlib escapes every text that goes into it.
    return Markup(drawing.svg)


def data_address(picture: Picture) -> str:
    """The picture itself as an address."""
    return "data:image/jpeg;base64," + base64.b64encode(picture.jpeg).decode()


def _code(text: str) -> Markup:
    return Markup("<code>{}</code>").format(text)
