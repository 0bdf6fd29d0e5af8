import json

import pytest

from ganbal.config import DataConfig
from ganbal.data.discovery import find_images
from ganbal.errors import InputError


def rows(source):
    return [(image.file_name, image.class_name, image.split) for image in source.images]


def test_one_table_for_all(tmp_path, make_images):
    root = make_images(tmp_path / "set", ["images/a.png", "images/b.png"])
    (root / "metadata.csv").write_text("file_name,label,text\nimages/a.png,ill,x\nimages/b.png,well,y\n")
    source = find_images(root)
    assert source.layout == "imagefolder"
    assert rows(source) == [("images/a.png", "ill", None), ("images/b.png", "well", None)]


@pytest.mark.parametrize("top", ["", "data/"])
def test_a_table_per_split(tmp_path, make_images, top):
    root = make_images(tmp_path / "set", [f"{top}{split}/{n}.png" for split in ("train", "test") for n in "ab"])
    for split in ("train", "test"):
        lines = [json.dumps({"file_name": f"{n}.png", "label": number}) for number, n in enumerate("ab")]
        (root / top / split / "metadata.jsonl").write_text("\n".join(lines))
    source = find_images(root, DataConfig())
    assert source.root == root / top
    assert rows(source) == [
        ("test/a.png", "0", "test"),
        ("test/b.png", "1", "test"),
        ("train/a.png", "0", "train"),
        ("train/b.png", "1", "train"),
    ]


def test_without_labels_the_folders_are_the_classes(tmp_path, make_images):
    root = make_images(tmp_path / "set", ["train/A/1.png", "train/B/2.png", "test/A/3.png", "test/B/4.png"])
    (root / "train/metadata.csv").write_text("file_name,text\nA/1.png,x\nB/2.png,y\n")
    assert find_images(root).layout == "kaggle"
    (root / "metadata.csv").write_text("series,class\n1,x\n")  # of something else
    assert find_images(root).layout == "kaggle"


def test_a_split_without_its_table_is_refused(tmp_path, make_images):
    root = make_images(tmp_path / "set", ["train/1.png", "train/2.png", "test/3.png"])
    (root / "train/metadata.csv").write_text("file_name,label\n1.png,x\n2.png,y\n")
    with pytest.raises(InputError, match="test has none"):
        find_images(root)


def test_mistakes_name_the_table(tmp_path, make_images):
    root = make_images(tmp_path / "set", ["train/1.png", "test/3.png"])
    (root / "train/metadata.csv").write_text("file_name,label\n1.png,x\n")
    (root / "test/metadata.csv").write_text("file_name,label\n3.png,\n")
    with pytest.raises(InputError, match=r"test/metadata\.csv, line 2: no label"):
        find_images(root)
