import io
import stat
import zipfile

import numpy as np
import pytest
from PIL import Image

from ganbal.errors import InputError


def png(value):
    content = io.BytesIO()
    Image.fromarray(np.full((4, 4), value, np.uint8)).save(content, "PNG")
    return content.getvalue()


@pytest.fixture
def make_zip(tmp_path):
    def make(names, **members):
        with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
            for number, name in enumerate(names):
                archive.writestr(name, png(number % 256))
            for name, content in members.items():
                archive.writestr(name.replace("_DOT_", "."), content)
        return tmp_path / "archive.zip"

    return make


def test_a_zip_as_it_comes_from_kaggle(find, make_zip):
    names = [f"chest_xray/{split}/{name}/{n}.png" for split in ("train", "test") for name in "AB" for n in range(3)]
    leftovers = [f"__MACOSX/{name}" for name in names] + ["chest_xray/train/A/.DS_Store"]
    located = find(make_zip(names + leftovers))
    assert located.source.layout == "kaggle"
    assert [image.file_name for image in located.source.images] == sorted(name.split("/", 1)[1] for name in names)
    assert located.source.images[3].split == "test" or located.source.images[-1].split == "train"
    (record,) = located.imports
    assert (record["kind"], record["origin"], record["files"]) == ("zip", "archive.zip", 12)
    assert not list(located.source.root.rglob("*MACOSX*"))


def test_one_folder_per_class_at_the_top(find, make_zip):
    source = find(make_zip([f"{name}/{n}.png" for name in "AB" for n in range(3)])).source
    assert (source.layout, source.classes, len(source.images)) == ("flat", ("A", "B"), 6)


def test_arrays_in_a_zip(find, make_zip):
    content = io.BytesIO()
    np.savez(content, images=np.zeros((4, 3, 3), np.uint8), labels=np.arange(4) % 2)
    located = find(make_zip([], pneumoniamnist_DOT_npz=content.getvalue()))
    assert located.source.classes == ("normal", "pneumonia")
    assert [record["kind"] for record in located.imports] == ["zip", "npz"]


@pytest.mark.parametrize("name", ["../A/1.png", "A/../../1.png", "/tmp/A/1.png", "A\\..\\1.png"])
def test_paths_out_of_the_folder_are_refused(find, make_zip, tmp_path, name):
    with pytest.raises(InputError, match=r"leads out of the folder.*Download it again"):
        find(make_zip(["A/1.png", "B/1.png", name]))
    assert not list((tmp_path / "cache").rglob("*.png"))


def test_links_are_refused(find, make_zip, tmp_path):
    file = make_zip(["A/1.png", "B/1.png"])
    link = zipfile.ZipInfo("A/secret.png")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(InputError, match=r"A/secret\.png is a link or a device"):
        find(file)


def test_a_file_that_is_also_a_folder_is_refused(find, make_zip):
    with pytest.raises(InputError, match="A is a file and a folder"):
        find(make_zip(["A", "A/1.png", "B/1.png"]))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_refused(find, make_zip):
    with pytest.raises(InputError, match=r"two members named A/1\.png"):
        find(make_zip(["A/1.png", "B/1.png", "A/1.png"]))


def test_an_archive_made_to_fill_the_disk_is_refused(find, make_zip, tmp_path):
    file = make_zip(["A/1.png", "B/1.png"])
    content = bytearray(file.read_bytes())
    entry = content.index(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = (4_000_000_000).to_bytes(4, "little")
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"0\.0 MB would unpack to 4\.0 GB"):
        find(file)


def test_encrypted_empty_and_damaged_archives_are_refused(find, make_zip):
    file = make_zip(["A/1.png", "B/1.png"])
    content = bytearray(file.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    for damaged, message in ((content, "encrypted"), (content[:-30], "not a zip file"), (b"", "not a zip file")):
        file.write_bytes(damaged)
        with pytest.raises(InputError, match=message):
            find(file)
    with pytest.raises(InputError, match="has no files"):
        find(make_zip([]))


def refusal(find, file, tmp_path, **settings):
    with pytest.raises(InputError) as caught:
        find(file, **settings)
    assert str(tmp_path / "cache") not in str(caught.value)
    return str(caught.value)


def test_an_archive_without_classes_is_refused_as_one(find, make_zip, tmp_path):
    text = refusal(find, make_zip(["1.png", "2.png"]), tmp_path)
    assert f"no images in class folders in {tmp_path}/archive.zip" in text
    assert text.endswith("To change files, unpack it to a folder of your own, and give --data that folder.")


IMAGES = [f"images/{n}.png" for n in range(4)]
LABELS = "path,label\nimages/0.png,A\nimages/1.png,A\nimages/2.png,B\nimages/3.png,B\n"


@pytest.mark.parametrize("top", ["", "set/"])
def test_the_table_in_an_archive_lists_the_images(find, make_zip, top):
    located = find(make_zip([top + name for name in IMAGES], **{f"{top}labels_DOT_csv": LABELS}))
    assert [(image.file_name, image.class_name) for image in located.source.images] == [
        ("images/0.png", "A"),
        ("images/1.png", "A"),
        ("images/2.png", "B"),
        ("images/3.png", "B"),
    ]
    assert (located.source.layout, [record["kind"] for record in located.imports]) == ("csv", ["zip"])


def test_settings_of_a_table_reach_the_one_in_an_archive(find, make_zip):
    text = LABELS.replace("label", "finding,label", 1).replace("png,", "png,ill,")
    file = make_zip(IMAGES, labels_DOT_csv=text.replace("0.png,ill", "0.png,well").replace("1.png,ill", "1.png,well"))
    assert find(file, label_column="finding").source.classes == ("ill", "well")
    assert find(file, label_column="label").source.classes == ("A", "B")


def test_class_folders_come_before_a_table(find, make_zip):
    names = [f"{name}/{n}.png" for name in ("X", "Y") for n in range(2)]
    source = find(make_zip(names, labels_DOT_csv="path,label\nX/0.png,A\nX/1.png,B\n")).source
    assert (source.layout, source.classes) == ("flat", ("X", "Y"))


def test_several_tables_in_an_archive_are_not_chosen_from(find, make_zip, tmp_path):
    text = refusal(find, make_zip(IMAGES, a_DOT_csv=LABELS, b_DOT_jsonl="{}"), tmp_path)
    assert f"The folder names in {tmp_path}/archive.zip say no class: images" in text
    assert f"{tmp_path}/archive.zip/a.csv" in text


def test_a_table_in_an_archive_with_mistakes(find, make_zip, tmp_path):
    text = refusal(find, make_zip(IMAGES, labels_DOT_csv="path,label\nimages/9.png,A\n"), tmp_path)
    assert "say no class: images" in text
    assert f"The table {tmp_path}/archive.zip/labels.csv cannot be used:\n  none of the 1 files exists" in text


def test_warnings_name_the_archive(find, make_zip, tmp_path):
    names = [f"{name}/{n}.png" for name in ("X", "Y") for n in range(2)]
    (warning,) = find(make_zip([*names, "X/0_mask.png"])).source.warnings
    assert warning.values == {"count": 1, "example": f"{tmp_path}/archive.zip/X/0_mask.png"}
