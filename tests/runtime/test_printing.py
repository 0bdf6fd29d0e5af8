import io

import pytest

from ganbal.runtime.printing import print_error, print_result
from ganbal.runtime.tables import table

LONG = "The file is damaged and cannot be read by any program that is known here:\n  first\n  second\nDelete it."


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def narrow(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "xterm-256color")


def test_a_file_gets_the_text_as_it_is():
    stream = io.StringIO()
    print_error(LONG, stream)
    print_result("! a warning", stream)
    assert stream.getvalue() == f"error: {LONG}\n! a warning\n".replace("\nDelete", "\n  Delete")


def test_errors_are_wrapped_between_words_and_lists_keep_their_lines(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    print_error(LONG, stream)
    plain = stream.getvalue().replace("\x1b[1m", "").replace("\x1b[0m", "").splitlines()
    assert max(map(len, plain)) <= 40 and "  first" in plain and "  second" in plain
    assert " ".join(" ".join(plain).split()) == " ".join(f"error: {LONG}".split())


def test_a_terminal_shows_verdicts_and_warnings_in_colors_unless_it_should_not(monkeypatch):
    text = table(["arm", "verdict"], [["gan", "hurts"], ["copies", "helps"]], width=40) + "\n! few seeds"
    stream = Terminal()
    print_result(text, stream)
    for code, word in (("31", "hurts"), ("32", "helps"), ("33", "! few seeds")):
        assert f"\x1b[{code}m{word}" in stream.getvalue()
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    print_result(text, stream)
    assert not any(f"\x1b[{code}m" in stream.getvalue() for code in (31, 32, 33))


def test_control_characters_do_not_reach_the_terminal():
    stream = Terminal()
    print_result("a\x1b]0;title\x07", stream)
    print_error("b\x1b[31m", stream)
    assert "\x1b]0" not in stream.getvalue() and "b\x1b" not in stream.getvalue()
