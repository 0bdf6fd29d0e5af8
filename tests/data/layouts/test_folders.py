import os
import shutil

import pytest

from ganbal.data.data_warnings import DataWarning
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
    assert source.warnings == ()


def test_the_copy_inside_the_kaggle_zip_is_not_counted_twice(tmp_path, make_images):
    names = ["train/A/1.png", "train/B/2.png", "test/A/3.png"]
    make_images(tmp_path, [*names, *(f"chest_xray/{name}" for name in names), "__MACOSX/train/A/1.png"])
    source, images = found(tmp_path)
    assert [name for name, _, _ in images] == sorted(names)
    assert source.warnings == (DataWarning("unused-folders", {"folders": [f"{tmp_path}/chest_xray"]}),)


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


def test_a_lonely_test_folder_is_nothing_to_train_on(tmp_path, make_images):
    make_images(tmp_path / "set", ["test/A/1.png", "test/B/2.png"])
    with pytest.raises(InputError, match="has test, but no train folder beside it"):
        find_images(tmp_path / "set")
    assert found(tmp_path / "set/test")[0].layout == "flat"  # named on purpose


@pytest.mark.parametrize(
    "names", [["A/1.png", "B/train/2.png", "B/test/3.png"], ["A/test/1.png", "A/2.png", "B/3.png"]]
)
def test_folders_of_splits_in_some_classes_are_not_merged(tmp_path, make_images, names):
    make_images(tmp_path, names)
    with pytest.raises(InputError, match=r"some class folders hold folders of splits: .*test"):
        find_images(tmp_path)


def test_images_beside_the_splits_of_a_class_are_counted(tmp_path, make_images):
    make_images(tmp_path, ["A/train/1.png", "A/test/2.png", "A/3.png", "A/4.png", "B/train/5.png", "B/test/6.png"])
    source, images = found(tmp_path)
    assert source.layout == "class-first" and len(images) == 4
    assert source.warnings == (DataWarning("no-split", {"count": 2, "folder": str(tmp_path / "A")}),)


def test_strays_and_empty_class_folders_are_warned_of(tmp_path, make_images):
    make_images(tmp_path, ["A/1.png", "B/2.png", "stray.png"])
    (tmp_path / "empty").mkdir()
    source, _ = found(tmp_path)
    assert source.classes == ("A", "B")
    assert source.warnings == (
        DataWarning("no-class", {"count": 1, "folder": str(tmp_path)}),
        DataWarning("empty-folders", {"folders": [f"{tmp_path}/empty"]}),
    )


def test_links_in_circles_end_and_linked_folders_are_followed(tmp_path, make_images):
    make_images(tmp_path, ["elsewhere/5.png", "set/A/1.png", "set/B/2.png"])
    root = tmp_path / "set"
    (root / "A/again").symlink_to(root / "A")
    (root / "A/up").symlink_to(root)
    (root / "A/self").symlink_to("self")
    (root / "B/more").symlink_to(tmp_path / "elsewhere")
    (root / "B/twice").symlink_to(tmp_path / "elsewhere")
    source, images = found(root)
    assert [name for name, _, _ in images] == ["A/1.png", "B/2.png", "B/more/5.png"]
    (warning,) = source.warnings
    assert warning.kind == "repeated-folders"
    assert warning.values == {"count": 3, "folders": [str(root / name) for name in ("A/again", "A/up", "B/twice")]}


def test_links_across_classes_do_not_make_an_endless_search(tmp_path, make_images):
    make_images(tmp_path, ["B/x.png", *(f"A/{n}/x.png" for n in range(12))])
    for n in range(12):
        for m in range(12):
            (tmp_path / f"A/{n}/to{m}").symlink_to(tmp_path / f"A/{m}")
    _, images = found(tmp_path)
    assert len(images) == 13


def test_a_link_that_leads_nowhere_is_still_listed(tmp_path, make_images):
    make_images(tmp_path, ["A/1.png", "B/2.png"])
    (tmp_path / "A/gone.png").symlink_to(tmp_path / "nothing.png")
    _, images = found(tmp_path)
    assert "A/gone.png" in [name for name, _, _ in images]


def test_names_that_are_not_utf8_are_left_out_with_a_warning(tmp_path, make_images):
    make_images(tmp_path, ["A/1.png", "B/2.png"])
    broken = os.fsencode(tmp_path) + b"/A/\xff.png"
    try:
        shutil.copy(os.fsencode(tmp_path / "A/1.png"), broken)
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    source, images = found(tmp_path)
    assert len(images) == 2
    assert source.warnings[0].values == {"count": 1, "example": rf"{tmp_path}/A/\xff.png"}


def test_nothing_there(tmp_path):
    with pytest.raises(InputError, match=r"There is nothing at .*\. Correct --data"):
        find_images(tmp_path / "missing")


def test_a_root_that_links_to_itself(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "link")
    with pytest.raises(InputError, match="cannot be read: too many levels of symbolic links"):
        find_images(tmp_path / "link")


def test_an_empty_folder(tmp_path):
    with pytest.raises(InputError, match="There are no images in class folders in"):
        find_images(tmp_path)


def test_other_files_are_reported_by_suffix(tmp_path):
    (tmp_path / "A").mkdir()
    for name in ("1.mha", "2.mha", "notes"):
        (tmp_path / "A" / name).write_bytes(b"x")
    with pytest.raises(InputError, match=r"2 \.mha, 1 without suffix"):
        find_images(tmp_path)


def test_images_without_class_folders(tmp_path, make_images):
    make_images(tmp_path, ["1.png", "2.png"])
    with pytest.raises(InputError, match=r"in no class folder: 2 \.png"):
        find_images(tmp_path)


def test_a_test_folder_without_a_train_folder(tmp_path, make_images):
    make_images(tmp_path, ["test/A/1.png", "val/A/1.png", "A/1.png"])
    with pytest.raises(InputError, match="has test and val, but no train folder beside"):
        find_images(tmp_path)


def test_two_sets_in_one_folder(tmp_path, make_images):
    make_images(tmp_path, ["one/train/A/1.png", "two/train/A/1.png"])
    with pytest.raises(InputError, match="holds 2 data sets, each with a train folder: one and two"):
        find_images(tmp_path)


def test_a_folder_that_cannot_be_read(tmp_path, make_images, monkeypatch):
    make_images(tmp_path, ["A/1.png"])

    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(InputError, match="cannot be read: permission denied"):
        find_images(tmp_path)


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("Training", "Testing"),
        ("train_set", "test_set"),
        ("TRAIN", "TEST"),
        ("training-images", "testing-images"),
        ("trainingSet", "testSet"),
        ("TrainData", "eval"),
        ("trainset", "valid"),
    ],
)
def test_relatives_of_train_and_test(tmp_path, make_images, train, test):
    make_images(tmp_path, [f"{train}/A/1.png", f"{train}/B/2.png", f"{test}/A/3.png", f"{test}/B/4.png"])
    source, images = found(tmp_path)
    assert (source.layout, source.classes) == ("kaggle", ("A", "B"))
    assert {split for _, _, split in images} == {"train", "val" if test in ("eval", "valid") else "test"}


def test_a_second_train_folder_inside_is_entered(tmp_path, make_images):
    make_images(tmp_path, ["train/train/A/1.png", "train/train/B/2.png", "test/A/3.png", "test/B/4.png"])
    source, _ = found(tmp_path)
    assert source.classes == ("A", "B")


def test_splits_inside_class_folders(tmp_path, make_images):
    make_images(tmp_path, [f"{name}/{split}/1.png" for name in ("A", "B") for split in ("train", "test", "val")])
    source, images = found(tmp_path)
    assert source.layout == "class-first"
    assert images[:3] == [("A/test/1.png", "A", "test"), ("A/train/1.png", "A", "train"), ("A/val/1.png", "A", "val")]
    assert source.classes == ("A", "B")


def test_one_folder_around_a_flat_set_is_entered(tmp_path, make_images):
    make_images(tmp_path, ["archive/set/yes/1.png", "archive/set/no/2.png"])
    source, images = found(tmp_path)
    assert source.root == tmp_path / "archive/set"
    assert images == [("no/2.png", "no", None), ("yes/1.png", "yes", None)]


def test_masks_of_the_covid_19_radiography_database_are_left_out(tmp_path, make_images):
    names = [
        f"{name}/{kind}/{name}-{n}.png" for name in ("COVID", "Normal") for kind in ("images", "masks") for n in (1, 2)
    ]
    source, images = found(make_images(tmp_path / "set", [f"COVID-19_Radiography_Dataset/{name}" for name in names]))
    assert [name for name, _, _ in images] == [name for name in sorted(names) if "/images/" in name]
    assert source.classes == ("COVID", "Normal")
    root = tmp_path / "set/COVID-19_Radiography_Dataset"
    assert source.warnings == (DataWarning("masks", {"count": 4, "example": f"{root}/COVID/masks/COVID-1.png"}),)


def test_masks_beside_their_images_are_left_out(tmp_path, make_images):
    names = [f"{name}/{name} (1){end}.png" for name in ("benign", "malignant") for end in ("", "_mask", "_mask_1")]
    source, images = found(make_images(tmp_path, [*names, "benign/other_mask.png"]))
    assert [name for name, _, _ in images] == [
        "benign/benign (1).png",
        "benign/other_mask.png",
        "malignant/malignant (1).png",
    ]
    assert [warning.values["count"] for warning in source.warnings] == [4]


def test_the_second_copy_in_the_brain_mri_set_is_not_a_class(tmp_path, make_images):
    names = ["no/1.png", "yes/2.png"]
    source, images = found(make_images(tmp_path, [*names, *(f"brain_tumor_dataset/{name}" for name in names)]))
    assert [name for name, _, _ in images] == names
    assert [warning.kind for warning in source.warnings] == ["nested-copies"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        # NIH ChestX-ray14
        (["images_001/images/1.png", "images_002/images/2.png"], "say no class: images_001 and images_002"),
        # CheXpert
        (
            ["train/patient00001/study1/view1_frontal.jpg", "valid/patient2/study1/v.jpg"],
            "studies or parts, not classes: patient00001",
        ),
        # MIMIC-CXR
        (["files/p10/p10000032/s50414267/1.jpg", "files/p11/p11000011/s5/1.jpg"], "not classes: p10 and p11"),
        # ISIC challenge, HAM10000, RSNA
        (["ISIC_Training_Input/1.jpg", "ISIC_Test_Input/2.jpg"], "may be splits, not classes"),
        (["HAM10000_images_part_1/1.jpg", "HAM10000_images_part_2/2.jpg"], "parts of one set, not like classes"),
        (["stage_2_train_images/1.png", "stage_2_test_images/2.png"], "may be splits, not classes"),
        # images without labels
        (["train/1.png", "test/2.png"], "2|images and no folders"),
        (["images/1.png", "masks/1.png"], "holds masks, which are no class: masks"),
        (["fold1/A/1.png", "fold2/A/2.png"], "patients, studies or parts, not classes: fold1 and fold2"),
        (["train/A/1.png", "training/A/2.png"], "has 2 train folders: train, training"),
        (["train/A/1.png", "old_test/A/2.png"], "also holds old_test, which may belong to a split"),
        # classes one level deeper
        (["site1/ill/1.png", "site1/well/2.png", "site2/ill/3.png", "site2/well/4.png"], "either may be the classes"),
    ],
)
def test_layouts_in_doubt_are_refused_with_advice(tmp_path, make_images, names, message):
    (make_images(tmp_path, names) / "labels.CSV").write_text("file,finding\n")
    with pytest.raises(InputError, match=message) as caught:
        find_images(tmp_path)
    assert "list the images in a CSV file" in str(caught.value)
    assert f"its labels may be in {tmp_path}" in str(caught.value)


@pytest.mark.parametrize(
    "classes",
    [("grade 0", "grade 1"), ("0", "1"), ("no", "yes"), ("normal_images", "tumor_images"), ("BI-RADS 4", "BI-RADS 5")],
)
def test_names_of_classes_that_look_alike_are_classes(tmp_path, make_images, classes):
    source, _ = found(make_images(tmp_path, [f"{name}/1.png" for name in classes]))
    assert source.classes == classes


def test_patients_and_views_inside_class_folders(tmp_path, make_images):
    names = [f"{name}/patient{n}/v.png" for name in ("A", "B") for n in (1, 2)]
    _, images = found(make_images(tmp_path, names))
    assert [name for name, _, _ in images] == names


def test_formats_that_are_left_out_are_counted_and_named(tmp_path, make_images):
    make_images(tmp_path, ["A/1.png", "A/2.webp", "B/3.gif"])
    for name in ("A/4.mha", "A/5.mha", "A/6.nii.gz", "B/7.npy", "B/notes.txt", "B/Thumbs.db", "B/.DS_Store", "B/8"):
        (tmp_path / name).write_bytes(b"x")
    source, images = found(tmp_path)
    assert [name for name, _, _ in images] == ["A/1.png", "A/2.webp", "B/3.gif"]
    assert [warning.kind for warning in source.warnings] == ["other-formats"] * 2
    assert [warning.values["by_suffix"] for warning in source.warnings] == [
        {".mha": 2, "without suffix": 1, ".npy": 1},
        {".nii.gz": 1},
    ]


def test_the_real_set(chest_xray_root):
    source = find_images(chest_xray_root)
    assert len(source.images) == 5856
    assert source.classes == ("NORMAL", "PNEUMONIA")
    assert source.warnings == ()
