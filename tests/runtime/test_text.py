import pytest

from ganbal.runtime.text import duration, harmless, printable, printable_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("person1_bacteria_2.jpeg", "person1_bacteria_2.jpeg"),
        ("Ärzte – 数", "Ärzte – 数"),
        ("a\x1b]0;title\x07", "a\\x1b]0;title\\x07"),
        ("two\nlines\r", "two\\x0alines\\x0d"),
        ("\u202egnp.exe", "\\u202egnp.exe"),  # reverses the direction of writing
        ("\udcff", "\\udcff"),  # a byte that is no UTF-8
    ],
)
def test_names_are_printed_in_one_line_without_control_characters(text, shown):
    assert printable(text) == shown


def test_a_name_with_a_line_break_forges_no_message():
    assert harmless("cannot read a.png\nwarning: all is well") == "cannot read a.png\n  warning: all is well"
    assert printable_lines("a\nb\x1b[2J") == "a\nb\\x1b[2J"


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0:00"), (133, "2:13"), (3723.2, "1:02:03")])
def test_durations(seconds, text):
    assert duration(seconds) == text
