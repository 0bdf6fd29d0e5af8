"""A report's page as one HTML file that needs nothing else."""

import base64
import hashlib
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from ganbal.report.page import Block, Drawing, Page, Picture

_TEMPLATES = Path(__file__).parent / "templates"


def render_html(page: Page) -> str:
    """Style, script, plots and pictures are inside; a content policy forbids the page any request."""
    style, script = ((_TEMPLATES / name).read_text(encoding="utf-8") for name in ("report.css", "report.js"))
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = (code_words, kind, svg, data_address, lower_first)
    environment.filters |= {function.__name__: function for function in filters}
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template("report.html.jinja").render(
        page=page, style=Markup(style), script=Markup(script), script_digest=digest
    )


def code_words(text: str) -> Markup:
    """Escaped text, its parts between backticks as <code>."""
    if text.count("`") % 2:
        return escape(text)
    parts = [
        escape(part) if number % 2 == 0 else Markup("<code>{}</code>").format(part)
        for number, part in enumerate(text.split("`"))
    ]
    return Markup("").join(parts)


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


def lower_first(text: str) -> str:
    """The text with a small first letter, to stand behind a colon."""
    return text[:1].lower() + text[1:]
