import math

import pytest

from ganbal.runtime.atomic_files import atomic_path, read_json, write_json, write_text


def test_a_failure_leaves_the_old_content_and_no_other_file(tmp_path):
    target = tmp_path / "result.txt"
    write_text(target, "old")
    with pytest.raises(RuntimeError, match="broke"), atomic_path(target) as temporary:
        temporary.write_text("half")
        raise RuntimeError("broke")
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_missing_folders_are_made(tmp_path):
    write_json(tmp_path / "a" / "b.json", {"x": [1, 2]})
    assert read_json(tmp_path / "a" / "b.json") == {"x": [1, 2]}


def test_nan_is_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(ValueError, match="Out of range"):
        write_json(tmp_path / "x.json", {"x": math.nan})
    assert not (tmp_path / "x.json").exists()


def test_others_may_read_what_is_written(tmp_path):
    write_text(tmp_path / "x.txt", "x")
    assert (tmp_path / "x.txt").stat().st_mode & 0o444 == 0o444
