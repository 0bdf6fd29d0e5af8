import pytest

from ganbal.runtime.markdown_text import as_line


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("NORMAL", "NORMAL"),
        ("<b>A&B|`", r"&lt;b&gt;A&amp;B\|\`"),
        ("- item", r"\- item"),
        ("1. a_b", r"1\. a\_b"),
        ("two\n# lines", r"two \# lines"),
        ("\x1b[31m", r"\\x1b\[31m"),
    ],
)
def test_a_name_is_no_markup(name, line):
    assert as_line(name) == line
