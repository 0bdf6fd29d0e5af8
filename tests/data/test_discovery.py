import os
import shutil

import pytest

from ganbal.data.discovery import find_images
from ganbal.errors import InputError


def found(root):
    source = find_images(root)
    return source, [(image.file_name, image.class_name, image.split) for image in source.images]


def test_kaggle_layout(tmp_path, make_images):
    make_images(tmp_path, ["train/A/1.jpeg", "train/B/2.PNG", "val/A/3.bmp", "test/B/4.TIFF", "test/A/5.jpg"])
    source, images = found(tmp_path)
    assert source.layout == "kaggle"
    assert source.root == tmp_path
    assert images == [
        ("test/A/5.jpg", "A", "test"),
        ("test/B/4.TIFF", "B", "test"),
        ("train/A/1.jpeg", "A", "train"),
        ("train/B/2.PNG", "B", "train"),
        ("val/A/3.bmp", "A", "val"),
    ]


def test_kaggle_layout_one_level_deeper_with_what_macos_adds(tmp_path, make_images):
    root = make_images(tmp_path / "archive", ["chest_xray/train/A/1.png", "chest_xray/train/B/2.png"])
    make_images(root, ["chest_xray/test/A/3.png", "__MACOSX/chest_xray/train/A/1.png", "chest_xray/.hidden/4.png"])
    shutil.copy(root / "chest_xray/train/A/1.png", root / "chest_xray/train/A/._1.png")
    source, images = found(root)
    assert source.root == root / "chest_xray"
    assert [name for name, _, _ in images] == ["test/A/3.png", "train/A/1.png", "train/B/2.png"]
    assert source.remarks == ()


def test_the_copy_inside_the_kaggle_zip_is_not_counted_twice(tmp_path, make_images):
    names = ["train/A/1.png", "train/B/2.png", "test/A/3.png"]
    make_images(tmp_path, [*names, *(f"chest_xray/{name}" for name in names), "__MACOSX/train/A/1.png"])
    _, images = found(tmp_path)
    assert [name for name, _, _ in images] == sorted(names)


def test_other_names_and_cases_of_the_split_folders(tmp_path, make_images):
    make_images(tmp_path, ["Train/A/1.png", "TEST/A/2.png", "Validation/A/3.png"])
    _, images = found(tmp_path)
    assert images == [
        ("TEST/A/2.png", "A", "test"),
        ("Train/A/1.png", "A", "train"),
        ("Validation/A/3.png", "A", "val"),
    ]


def test_flat_layout_takes_nested_files_and_odd_names(tmp_path, make_images):
    make_images(tmp_path, ["A/1.png", "A/deep/er/2.png", "Ätna, süd/bild 3, neu.png", "A/notes.txt.png"])
    (tmp_path / "A/readme.txt").write_text("not an image")
    source, images = found(tmp_path)
    assert source.layout == "flat"
    assert images == [
        ("A/1.png", "A", None),
        ("A/deep/er/2.png", "A", None),
        ("A/notes.txt.png", "A", None),
        ("Ätna, süd/bild 3, neu.png", "Ätna, süd", None),
    ]


def test_strays_and_empty_class_folders_are_remarked_on(tmp_path, make_images):
    make_images(tmp_path, ["A/1.png", "B/2.png", "stray.png"])
    (tmp_path / "empty").mkdir()
    source, _ = found(tmp_path)
    assert source.classes == ("A", "B")
    assert any(remark.endswith("that lie in no class folder are left out (1)") for remark in source.remarks)
    assert any("empty holds no images" in remark for remark in source.remarks)


def test_links_in_circles_end_and_linked_folders_are_followed(tmp_path, make_images):
    make_images(tmp_path, ["elsewhere/5.png", "set/A/1.png", "set/B/2.png"])
    root = tmp_path / "set"
    (root / "A/again").symlink_to(root / "A")
    (root / "A/up").symlink_to(root)
    (root / "A/self").symlink_to("self")
    (root / "B/more").symlink_to(tmp_path / "elsewhere")
    (root / "B/twice").symlink_to(tmp_path / "elsewhere")
    _, images = found(root)
    assert [name for name, _, _ in images] == ["A/1.png", "B/2.png", "B/more/5.png"]


def test_links_across_classes_do_not_make_an_endless_search(tmp_path, make_images):
    make_images(tmp_path, [f"A/{n}/x.png" for n in range(12)])
    for n in range(12):
        for m in range(12):
            (tmp_path / f"A/{n}/to{m}").symlink_to(tmp_path / f"A/{m}")
    _, images = found(tmp_path)
    assert len(images) == 12


def test_a_link_that_leads_nowhere_is_still_listed(tmp_path, make_images):
    make_images(tmp_path, ["A/1.png", "B/2.png"])
    (tmp_path / "A/gone.png").symlink_to(tmp_path / "nothing.png")
    _, images = found(tmp_path)
    assert "A/gone.png" in [name for name, _, _ in images]


def test_names_that_are_not_text_are_left_out_with_a_remark(tmp_path, make_images):
    make_images(tmp_path, ["A/1.png", "B/2.png"])
    broken = os.fsencode(tmp_path) + b"/A/\xff.png"
    try:
        shutil.copy(os.fsencode(tmp_path / "A/1.png"), broken)
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    source, images = found(tmp_path)
    assert len(images) == 2
    assert source.remarks[0].endswith(r"\udcff.png is left out: its name is not valid UTF-8")


def test_nothing_there(tmp_path):
    with pytest.raises(InputError, match=r"found No such file or directory\. Give --data"):
        find_images(tmp_path / "missing")


def test_a_root_that_links_to_itself(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "link")
    with pytest.raises(InputError, match="found Too many levels of symbolic links"):
        find_images(tmp_path / "link")


def test_a_file_of_another_kind(tmp_path):
    (tmp_path / "set.zip").write_bytes(b"PK")
    with pytest.raises(InputError, match="a file of another kind"):
        find_images(tmp_path / "set.zip")


def test_an_empty_folder(tmp_path):
    with pytest.raises(InputError, match="found no files"):
        find_images(tmp_path)


def test_files_that_are_no_images_are_told_by_their_endings(tmp_path):
    (tmp_path / "A").mkdir()
    for name in ("1.dcm", "2.dcm", "notes"):
        (tmp_path / "A" / name).write_bytes(b"x")
    with pytest.raises(InputError, match=r"2 \.dcm, 1 no ending"):
        find_images(tmp_path)


def test_images_without_class_folders(tmp_path, make_images):
    make_images(tmp_path, ["1.png", "2.png"])
    with pytest.raises(InputError, match=r"in no class folder: 2 \.png"):
        find_images(tmp_path)


def test_a_test_folder_without_a_train_folder(tmp_path, make_images):
    make_images(tmp_path, ["test/A/1.png", "val/A/1.png", "A/1.png"])
    with pytest.raises(InputError, match="a train folder beside test and val"):
        find_images(tmp_path)


def test_two_sets_in_one_folder(tmp_path, make_images):
    make_images(tmp_path, ["one/train/A/1.png", "two/train/A/1.png"])
    with pytest.raises(InputError, match="2 folders with a train folder in them: one, two"):
        find_images(tmp_path)


def test_a_folder_that_cannot_be_read(tmp_path, make_images, monkeypatch):
    make_images(tmp_path, ["A/1.png"])

    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(InputError, match="found Permission denied"):
        find_images(tmp_path)


def test_the_real_set(chest_xray_root):
    source = find_images(chest_xray_root)
    assert len(source.images) == 5856
    assert source.classes == ("NORMAL", "PNEUMONIA")
    assert source.remarks == ()
