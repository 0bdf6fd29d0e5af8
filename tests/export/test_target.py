"""Which folders an export replaces."""

import json
from pathlib import Path

import pytest

from ganbal.errors import InputError
from ganbal.export.target import RECORD, check_target, files_in, write_record
from ganbal.runtime.atomic_files import atomic_folder


@pytest.fixture
def exported(tmp_path) -> Path:
    """A folder as an export leaves it, with a link to a file elsewhere."""
    (tmp_path / "real.png").write_text("real")
    with atomic_folder(tmp_path / "out") as folder:
        (folder / "train/A").mkdir(parents=True)
        (folder / "train/A/real.png").symlink_to(tmp_path / "real.png")
        (folder / "README.md").write_text("card")
        write_record(folder, "kaggle", {"num_real": 1})
    return tmp_path / "out"


def test_an_earlier_export_and_an_empty_or_new_folder_may_be_replaced(exported, tmp_path):
    assert json.loads((exported / RECORD).read_text())["files"] == ["README.md", "train/A/real.png"]
    assert files_in(exported) == ["README.md", RECORD, "train/A/real.png"]
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("out")
    for name in ("out", "empty", "new", "new/below", "link"):
        check_target(tmp_path / name)


@pytest.mark.parametrize("name", ["note.txt", "train/A/more.png", "chapters/thesis.tex", "empty/"])
def test_an_earlier_export_with_anything_else_in_it_is_kept(exported, name):
    (exported / name).parent.mkdir(exist_ok=True)
    (exported / name).mkdir() if name.endswith("/") else (exported / name).write_text("mine")
    with pytest.raises(InputError, match=f"Beside the files of an earlier export, .* holds {name.partition('/')[0]}"):
        check_target(exported)


@pytest.mark.parametrize(
    "record",
    [
        "{}",
        "{",
        "[]",
        "",
        '{"format": "kaggle", "synthetic": true}',
        '{"format": "other", "synthetic": true, "files": ["thesis.tex"]}',
        '{"format": "kaggle", "synthetic": true, "files": [["thesis.tex"]]}',
    ],
)
def test_a_record_that_no_export_wrote_protects_the_folder(tmp_path, record):
    (tmp_path / RECORD).write_text(record)
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(InputError, match="is no earlier export"):
        check_target(tmp_path)


@pytest.mark.parametrize("name", [".", "", "..", "below/..", "../here"])
def test_the_current_folder_is_refused(tmp_path, monkeypatch, name):
    (tmp_path / "here/below").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(InputError, match="is the current folder, or contains it"):
        check_target(Path(name))


def test_files_and_what_lies_below_them_are_refused(tmp_path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to("nowhere")
    for name, message in (
        ("file", "is no earlier export"),
        ("link", "is no earlier export"),
        ("file/below", "is not a folder"),
    ):
        with pytest.raises(InputError, match=message):
            check_target(tmp_path / name)


def test_a_mount_point_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "is_mount", lambda path: True)
    with pytest.raises(InputError, match="is a mount point"):
        check_target(tmp_path)
