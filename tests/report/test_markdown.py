"""Names never become markup in report.md, by the rules of CommonMark and GitHub's tables."""

import re

import pytest

from ganbal.report.markdown import render_markdown
from ganbal.report.page import Answer, Code, Column, Definitions, Page, PageSection, Paragraph, Table, TableEntry, code

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "``a`<b>```c",
    "[text](https://example.org)",
    "*a* _b_ **c** ~~d~~ $x^2$",
    "# heading",
    "- item",
    "1. item",
    "a | b",
    "back\\slash\\",
    "line\n\n# next\r\nline",
    "&lt;b&gt; &amp;",
    "https://example.org www.example.org someone@example.org",
    "![x](y)",
    "===",
    "\x1b[31mred\u202e",
]
PUNCTUATION = re.escape(r"""!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~""")


def markdown(blocks):
    answer = Answer("Headline.", "plain", [("Label", "text")], None, [], [], [], "", [])
    return render_markdown(Page("set", "Question?", None, answer, [PageSection("a", "Title", "T", blocks)], "footer"))


def section(text):
    return text[text.index("## Title") : text.index("## Terms")].removeprefix("## Title").strip()


def unescaped(line):
    """The text that a CommonMark reader shows for a line without markup."""
    line = re.sub(rf"\\([{PUNCTUATION}])", r"\1", line)
    return line.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


@pytest.mark.parametrize("name", HOSTILE)
def test_text_is_shown_verbatim(name):
    line = section(markdown([Paragraph(name)]))
    assert "\n" not in line and "\x1b" not in line
    bare = re.sub(rf"\\[{PUNCTUATION}]", "", line)
    assert not re.search(r"[`*_<\[\]~$#|@!]|https?:|www\.|&(?!lt;|gt;|amp;)", bare)
    assert not re.match(r"([-+=>]|\d+[.)])", line)
    shown = " ".join(name.split()).replace("\x1b", "\ufffd").replace("\u202e", "\ufffd")
    assert unescaped(line.replace("&amp;", "&amp;")) == shown


@pytest.mark.parametrize("name", HOSTILE)
def test_table_cells_stay_cells(name):
    table = Table("t", "caption", [Column("A"), Column(name)], [[TableEntry(name), TableEntry("b")]])
    rows = [line for line in section(markdown([table])).splitlines() if line.startswith("|")]
    assert [len(re.findall(r"(?<!\\)\|", row)) for row in rows] == [3, 3, 3]


@pytest.mark.parametrize("text", ["config.yaml", "a`b", "``", "`x", "<b>"])
def test_code_is_a_span_whose_fence_is_in_no_content(text):
    line = section(markdown([Definitions([("Term", code(text))])]))
    fence = re.match(r"- \*\*Term\*\*: (`+)", line)[1]
    content = line.removeprefix(f"- **Term**: {fence}").removesuffix(fence)
    assert content.strip() == text and fence not in re.findall("`+", content)


def test_fenced_text_cannot_leave_its_fence():
    text = section(markdown([Code("Settings", "a: |\n  ```\n  # heading\n  ```")]))
    lines = text.splitlines()
    assert lines[2] == "````" and lines[-1] == "````"
