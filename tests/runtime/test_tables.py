from ganbal.runtime.tables import table


def test_columns_are_padded_and_ruled():
    assert table(["arm", "mean"], [["imbalanced", "0.9"], ["gan", "0.85"]]) == (
        "arm         mean\n----------  ----\nimbalanced  0.9\ngan         0.85"
    )


def test_a_wide_table_is_wrapped_to_the_width_without_losing_text():
    rows = [["a rather long name of an arm", "0.123 ± 0.456", "no evidence of a difference"]] * 3
    text = table(["classifier and arm", "balanced accuracy", "verdict"], rows, width=40)
    assert max(map(len, text.splitlines())) <= 40
    words = " ".join(text.split())
    assert all(words.count(word) == 3 for word in ("rather", "evidence", "0.456"))


def test_names_cannot_break_a_table():
    assert table(["a"], [["x\n\x1b[2Jy"]]).splitlines()[2] == "x\\x0a\\x1b[2Jy"
