"""Text for a terminal: escaped names, durations."""

import unicodedata


def printable(text: str) -> str:
    """`text` in one line of printable characters: control and direction characters become escapes such as `\\x1b`.

    For file and class names, which may hold anything.
    """
    return "".join(character if _is_harmless(character) else _escaped(character) for character in text)


def harmless(text: str) -> str:
    """`text` with its lines kept, every other control character escaped, and all lines but the first indented.

    A name with a line break therefore never looks like a message of its own.
    """
    first, *rest = (printable(line.expandtabs(4)) for line in text.split("\n"))
    return "\n".join([first, *(line if not line or line.startswith(" ") else f"  {line}" for line in rest)])


def printable_lines(text: str) -> str:
    """`text` with its lines as they are, and every other control character escaped."""
    return "\n".join(printable(line) for line in text.split("\n"))


def duration(seconds: float) -> str:
    """`2:13` for two minutes and thirteen seconds, `1:02:03` from one hour on."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _is_harmless(character: str) -> bool:
    # Cc: control characters; Cf: among others, those that reverse the direction of writing; Cs: undecodable bytes.
    return unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
