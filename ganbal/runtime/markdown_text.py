"""Text for Markdown files: no name in it becomes markup (CommonMark 0.31, 2.4, and GitHub's extensions)."""

import re

from ganbal.runtime.text import printable


def as_line(name: str) -> str:
    """A name as a line of its own, or as the rest of one: nothing in it is markup, and control characters are shown."""
    return as_block(escaped(printable(" ".join(name.split()))))


def escaped(text: str) -> str:
    """The text with a backslash or an entity for every character that could be markup inside a line."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"([\\`*_#$\[\]{}~|@!])", r"\\\1", text)
    # GitHub makes links of bare addresses.
    return re.sub(r"(?i)(https?|ftp|mailto|xmpp)(:)|(www)(\.)", lambda m: f"{m[1] or m[3]}\\{m[2] or m[4]}", text)


def as_block(line: str) -> str:
    """An escaped line that may begin a block, where it would start a list, a heading, a rule or a setext underline."""
    return re.sub(r"^(?:([-+=])|(\d+)([.)])(?=\s|$))", lambda m: f"\\{m[1]}" if m[1] else f"{m[2]}\\{m[3]}", line)
