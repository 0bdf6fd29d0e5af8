import os
import shutil

import pytest

from ganbal.data.image_formats import find_image_files, is_image_name, printable
from ganbal.errors import InputError


def names(root):
    found = find_image_files(root)
    return [path.relative_to(root).as_posix() for path in found.files], found


def test_every_depth_in_order_of_the_paths(tmp_path, make_images):
    make_images(tmp_path, ["b.png", "a/2.gif", "a/deep/1.webp", "a-b/3.jfif"])
    assert names(tmp_path)[0] == ["a/2.gif", "a/deep/1.webp", "a-b/3.jfif", "b.png"]


def test_leftovers_of_systems_and_tools_are_passed_over(tmp_path, make_images):
    leftovers = ["._1.png", ".hidden/2.png", "__MACOSX/3.png", ".ipynb_checkpoints/4.png", "@eaDir/5.png"]
    make_images(tmp_path, ["1.png", *leftovers])
    (tmp_path / "Thumbs.db").write_bytes(b"x")
    files, found = names(tmp_path)
    assert files == ["1.png"]
    assert found.warnings() == []


def test_masks_and_loops_are_counted(tmp_path, make_images):
    make_images(tmp_path, ["images/1.png", "lung masks/1.png", "images/2.png", "images/2_mask.png"])
    (tmp_path / "images/loop").symlink_to(tmp_path)
    files, found = names(tmp_path)
    assert files == ["images/1.png", "images/2.png"]
    assert {warning.kind: warning.values["count"] for warning in found.warnings()} == {
        "masks": 2,
        "repeated-folders": 1,
    }


def test_a_mask_beside_the_sequences_of_a_volume(tmp_path, make_images):
    sequences = ["A/x_1_seg.png", "A/x_1_t1.png", "A/x_1_t2.png", "A/x_1_t2_mask.png"]
    make_images(tmp_path, [*sequences, "B/x_2_seg.png", "B/x_3_seg.png", "B/x_seg.png", "C/y_seg.png", "C/yz.png"])
    (tmp_path / "C/y_notes.txt").write_text("no image")
    files, found = names(tmp_path)
    assert [path.name for path in found.masks] == ["x_1_seg.png", "x_1_t2_mask.png"]
    assert files == [
        "A/x_1_t1.png",
        "A/x_1_t2.png",
        *(f"B/x_{n}seg.png" for n in ("2_", "3_", "")),
        "C/y_seg.png",
        "C/yz.png",
    ]


def test_a_folder_of_masks_that_is_named_is_read(tmp_path, make_images):
    assert names(make_images(tmp_path / "masks", ["1.png"]))[0] == ["1.png"]


def test_unreadable_folders_are_named(tmp_path, make_images, monkeypatch):
    make_images(tmp_path, ["1.png", "secret/2.png"])
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("secret"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    files, found = names(tmp_path)
    assert files == ["1.png"]
    (warning,) = found.warnings()
    assert str(warning) == f"Folders that cannot be read are left out: {tmp_path}/secret"


def test_the_root_has_to_be_readable(tmp_path):
    with pytest.raises(InputError, match=r"missing cannot be read: no such file or directory"):
        find_image_files(tmp_path / "missing")


def test_names_that_are_not_utf8(tmp_path, make_images):
    make_images(tmp_path, ["1.png"])
    try:
        shutil.copy(os.fsencode(tmp_path / "1.png"), os.fsencode(tmp_path) + b"/\xff.png")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    files, found = names(tmp_path)
    assert files == ["1.png"]
    assert found.warnings()[0].values == {"count": 1, "example": f"{tmp_path}/\\xff.png"}


def test_image_names():
    assert all(is_image_name(name) for name in ("a.JPG", "a.b.tiff", "a.pgm"))
    assert not any(is_image_name(name) for name in ("a.mha", ".a.png", "png", "a.png.txt"))


def test_printable():
    assert printable("ä/b") == "ä/b"
    assert printable("\udcff") == "\\xff"
