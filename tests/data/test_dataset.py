import shutil
from pathlib import Path

import numpy as np
import pytest

from ganbal.config import DataConfig
from ganbal.data.data_warnings import DataWarning
from ganbal.data.dataset import check_source, load_dataset
from ganbal.data.decoding import decode_file
from ganbal.data.locating import resolve_root
from ganbal.data.phantom.dataset import planned_phantom_set
from ganbal.data.pixel_index import UnreadableFile
from ganbal.errors import InputError
from ganbal.runtime.console import Console


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    """No data from the environment."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.delenv("GANBAL_DATA", raising=False)


@pytest.fixture
def load(tmp_path):
    def load(root, *, sizes_px=(8,), console=None, **settings):
        config = DataConfig(root=root, **settings)
        console = console or Console(quiet=True)
        return load_dataset(config, sizes_px=sizes_px, cache_root=tmp_path / "cache", console=console)

    return load


def test_the_root_is_the_given_one_then_the_environment_then_the_usual_folder_then_the_phantom(tmp_path, monkeypatch):
    assert resolve_root(DataConfig()) == ("phantom", "embedded phantom set")
    usual = tmp_path / "work/data/chest_xray"
    usual.mkdir(parents=True)
    assert resolve_root(DataConfig()) == (usual, "data/chest_xray")
    monkeypatch.setenv("GANBAL_DATA", "")
    assert resolve_root(DataConfig()) == (usual, "data/chest_xray")
    monkeypatch.setenv("GANBAL_DATA", "elsewhere")
    assert resolve_root(DataConfig()) == (tmp_path / "work/elsewhere", "GANBAL_DATA")
    assert resolve_root(DataConfig(root="../set")) == (tmp_path / "set", "data.root")
    assert resolve_root(DataConfig(root="~/set")) == (Path.home() / "set", "data.root")
    assert resolve_root(DataConfig(root="phantom")) == ("phantom", "embedded phantom set")
    monkeypatch.setenv("GANBAL_DATA", "phantom")
    assert resolve_root(DataConfig()) == ("phantom", "embedded phantom set")


def test_a_cut_keeps_files_with_the_same_bytes_together(tmp_path, write_image, load):
    for name in (f"{label}/{label}{n}.png" for label in "AB" for n in range(40)):
        write_image(tmp_path / "set" / name)
    for n in range(20, 40):  # each twice
        shutil.copy(tmp_path / f"set/A/A{n - 20}.png", tmp_path / f"set/A/A{n}.png")
    frame = load(tmp_path / "set").table.frame
    assert frame["sha256"].nunique() == 60
    assert (frame.groupby("sha256")["split"].nunique() == 1).all()
    assert set(frame["split"]) == {"train", "val", "test"}


def test_a_kaggle_set(kaggle_set, load, capsys):
    dataset = load(kaggle_set, sizes_px=(8, 16), console=Console())
    table = dataset.table
    assert dataset.origin == "data.root"
    assert (table.layout, table.root, table.is_phantom) == ("kaggle", kaggle_set, False)
    assert table.classes == ("NORMAL", "PNEUMONIA")
    # 15 % of 24 and 30 are 3.6 and 4.5; whole patients of one image each: 4, and 4 or 5
    counts = table.counts()
    assert counts["val"]["NORMAL"] == 4
    assert counts["val"]["PNEUMONIA"] in (4, 5)
    assert counts["train"]["NORMAL"] == 20
    assert counts["test"] == {"NORMAL": 5, "PNEUMONIA": 6}
    assert counts["unused"] == {"NORMAL": 2, "PNEUMONIA": 2}
    assert table.counts_found()["train"] == {"NORMAL": 24, "PNEUMONIA": 30}
    for row in (0, 30, len(table) - 1):
        entry = table.frame.iloc[row]
        decoded = decode_file(kaggle_set / entry["file_name"], [8, 16])
        assert entry["sha256"] == decoded.sha256
        assert table.classes[entry["label"]] == entry["class_name"] == Path(entry["file_name"]).parent.name
        for size in (8, 16):
            np.testing.assert_array_equal(dataset.pixels(size)[row], decoded.squares[size])
    said = capsys.readouterr().err
    assert f"Data: {kaggle_set} (data.root), 69 images, kaggle layout." in said
    assert "PHANTOM" not in said


def test_the_same_seed_gives_the_same_table_wherever_the_set_lies(kaggle_set, load, tmp_path):
    first = load(kaggle_set)
    kaggle_set.rename(tmp_path / "moved")
    moved = load(tmp_path / "moved")
    assert moved.table.digest() == first.table.digest()
    assert load(tmp_path / "moved", split_seed=1).table.digest() != first.table.digest()


def test_a_flat_set_of_three_classes_is_split_by_patient(tmp_path, make_images, load):
    names = [
        f"{name}/IM-{n:04d}-000{k}.png" for name in "ABC" for n in range(ord(name), ord(name) + 20) for k in (1, 2)
    ]
    dataset = load(make_images(tmp_path / "set", names))
    table = dataset.table
    assert table.classes == ("A", "B", "C")
    assert {name: sum(part.values()) for name, part in table.counts().items()}.keys() == {"train", "val", "test"}
    assert table.frame.groupby("patient")["split"].nunique().max() == 1
    assert table.frame["patient"].nunique() == 22  # ids run on from class to class and overlap
    assert table.counts_found() == {"all": {"A": 40, "B": 40, "C": 40}}


def test_a_csv_with_patients_and_files_elsewhere(tmp_path, make_images, load):
    names = [f"{n}, ü.png" for n in range(40)]
    elsewhere = make_images(tmp_path / "elsewhere", names)
    (tmp_path / "set").mkdir()
    lines = [f'"{elsewhere / name}",{"x" if n < 20 else "y"},person {n // 2}' for n, name in enumerate(names)]
    (tmp_path / "set/images.csv").write_text("path,label,patient\n" + "\n".join(lines) + "\n")
    dataset = load(tmp_path / "set/images.csv")
    assert dataset.given == tmp_path / "set/images.csv"
    assert dataset.table.layout == "csv"
    assert len(dataset.table) == 40
    assert dataset.table.frame["patient"].nunique() == 20
    assert dataset.table.frame.groupby("patient")["split"].nunique().max() == 1


def test_a_few_unreadable_files_are_named_and_left_out(kaggle_set, load, capsys):
    (kaggle_set / "train/NORMAL/IM-0003-0001.png").write_bytes(b"")
    (kaggle_set / "test/PNEUMONIA/broken.jpeg").write_text("no image")
    dataset = load(kaggle_set)
    assert dataset.unreadable == (
        UnreadableFile(
            "test/PNEUMONIA/broken.jpeg",
            "not an image of a supported format (BMP, DICOM, GIF, JPEG, PNG, PPM, TIFF, WEBP)",
        ),
        UnreadableFile("train/NORMAL/IM-0003-0001.png", "empty file (0 bytes)"),
    )
    assert len(dataset.table) == 68
    assert "warning: 2 of 70 image files cannot be read and are left out: test/PNEUMONIA" in capsys.readouterr().err
    np.testing.assert_array_equal(
        dataset.pixels(8)[-1], decode_file(kaggle_set / dataset.table.frame["file_name"].iloc[-1], [8]).squares[8]
    )


def test_too_many_unreadable_files(kaggle_set, load):
    for n in range(7):
        (kaggle_set / f"train/NORMAL/IM-{n:04d}-0001.png").write_bytes(b"")
    with pytest.raises(InputError, match=r"7 of 69 image files cannot be read:\n(?s:.*)and 2 more\nAt most 5%"):
        load(kaggle_set)
    assert len(load(kaggle_set, max_unreadable_fraction=0.2).table) == 62


def test_when_no_file_is_readable(kaggle_set, load):
    for file in kaggle_set.rglob("*.png"):
        file.write_bytes(b"x")
    with pytest.raises(InputError, match=r"69 of 69 image files cannot be read"):
        load(kaggle_set)
    with pytest.raises(InputError, match="No image can be read"):
        load(kaggle_set, max_unreadable_fraction=1)


def test_what_is_left_out_is_a_warning(kaggle_set, load):
    (kaggle_set / "train/new folder").mkdir()
    console = Console(quiet=True)
    dataset = load(kaggle_set, console=console)
    assert dataset.warnings == (DataWarning("empty-folders", {"folders": [f"{kaggle_set}/train/new folder"]}),)
    assert console.warnings == [f"Folders without images are not classes: {kaggle_set}/train/new folder."]


def test_without_recognized_patients_splits_are_by_image(tmp_path, make_images, load):
    names = [f"{name}/{name.lower()} no {n}.png" for name in ("NORMAL", "TUMOR") for n in range(20)]
    console = Console(quiet=True)
    dataset = load(make_images(tmp_path / "set", names), console=console)
    assert "cut by image: no patients recognized (seed 0)" in dataset.split_rule
    assert [warning.kind for warning in dataset.warnings] == ["no-patients"]
    assert console.warnings[0].startswith("No patients recognized in the names of 40 images: the splits are by image")


def test_a_pattern_of_the_user_gives_the_patients(tmp_path, make_images, load):
    names = [f"{name}/x{n // 2}y{n}.png" for name in ("A", "B") for n in range(40)]
    root = make_images(tmp_path / "set", names)
    table = load(root, patient_pattern=r"(x\d+)y").table
    assert table.frame["patient"].nunique() == 20
    assert table.frame.groupby("patient")["split"].nunique().max() == 1
    with pytest.raises(InputError, match=r"data\.patient_pattern, 'z', matches none of 80"):
        load(root, patient_pattern="z")


@pytest.fixture
def check(tmp_path):
    def check(root, **settings):
        return check_source(DataConfig(root=root, **settings), tmp_path / "cache", Console(quiet=True))

    return check


@pytest.mark.parametrize(("positive", "classes"), [(None, ("normal", "abnormal")), ("normal", ("abnormal", "normal"))])
def test_the_positive_class_has_label_1(tmp_path, make_images, load, check, positive, classes):
    names = [f"{name}/{n}.png" for name in ("abnormal", "normal") for n in range(20)]
    root = make_images(tmp_path / "set", names)
    table = load(root, positive_class=positive).table
    assert table.classes == classes
    assert set(table.frame.loc[table.frame["class_name"] == classes[1], "label"]) == {1}
    assert list(check(root, positive_class=positive)) == list(classes)


@pytest.mark.parametrize("call", ["check", "load"])
class TestBadSource:
    @pytest.fixture
    def attempt(self, call, load, check):
        return check if call == "check" else load

    def test_missing(self, attempt, tmp_path):
        with pytest.raises(InputError, match="There is nothing at"):
            attempt(tmp_path / "missing")

    def test_one_class_only(self, attempt, tmp_path, make_images):
        root = make_images(tmp_path / "set", [f"A/{n}.png" for n in range(30)])
        with pytest.raises(
            InputError, match=r"All 30 images are of one class, A\. .*two classes or more\. Give --data"
        ):
            attempt(root)

    def test_a_class_with_fewer_than_a_handful_of_images(self, attempt, tmp_path, make_images):
        root = make_images(tmp_path / "set", [*(f"A/a{n}.png" for n in range(30)), *(f"B/b{n}.png" for n in range(5))])
        with pytest.raises(InputError, match=r"A 30, B 5\..* at least 8 training images of every class"):
            attempt(root)

    def test_mistakes_in_a_csv(self, attempt, tmp_path):
        (tmp_path / "x.csv").write_text("path,kind\na.png,x\n")
        with pytest.raises(InputError, match="no column `label`"):
            attempt(tmp_path / "x.csv")

    @pytest.mark.parametrize("name", ["NOR\nMAL", "x" * 201, "manifest.csv"])
    def test_a_class_name_that_cannot_be_a_folder_of_a_run(self, attempt, tmp_path, make_images, name):
        root = make_images(tmp_path / "set", [f"{name}/{n}.png" for n in range(20)] + [f"B/{n}.png" for n in range(20)])
        with pytest.raises(InputError, match="class names cannot be used"):
            attempt(root)

    def test_a_positive_class_that_is_not_there(self, attempt, kaggle_set):
        with pytest.raises(InputError, match=r"'ill', but the data set has the classes NORMAL, PNEUMONIA"):
            attempt(kaggle_set, positive_class="ill")

    def test_a_column_of_patients_without_a_csv_file(self, attempt, kaggle_set):
        with pytest.raises(InputError, match=r"data\.patient_column is set, but .* is a folder"):
            attempt(kaggle_set, patient_column="who")

    def test_a_class_that_is_only_tested(self, attempt, kaggle_set, make_images):
        make_images(kaggle_set, ["test/COVID/x.png"])
        with pytest.raises(InputError, match=r"few images: COVID 0, NORMAL 24, PNEUMONIA 30"):
            attempt(kaggle_set)


def test_a_good_source_is_counted(kaggle_set, check):
    counts = check(kaggle_set)
    assert counts["NORMAL"] == 20
    assert counts["PNEUMONIA"] in (25, 26)


def test_checking_the_phantom_set_simulates_nothing(tmp_path, check):
    counts = check("phantom")
    assert sum(counts.values()) < len(planned_phantom_set(400))
    assert 2.6 < counts["PNEUMONIA"] / counts["NORMAL"] < 3.2
    assert not any(tmp_path.rglob("*.jpeg"))


def test_the_phantom_set(load, capsys):
    dataset = load(None, phantom_images=60, console=Console())
    assert dataset.origin == "embedded phantom set"
    assert dataset.table.is_phantom
    assert len(dataset.table) == 60
    assert dataset.unreadable == ()
    assert "PHANTOM SET: simulated images." in capsys.readouterr().err


def test_the_real_set(real_dataset):
    table = real_dataset.table
    assert table.counts_found() == {
        "train": {"NORMAL": 1341, "PNEUMONIA": 3875},
        "val": {"NORMAL": 8, "PNEUMONIA": 8},
        "test": {"NORMAL": 234, "PNEUMONIA": 390},
    }
    assert table.counts()["val"] == {"NORMAL": 201, "PNEUMONIA": 581}  # 15 % of 1341 and 3875
    assert table.minority_class == "NORMAL"
    train, val = (set(table.frame["patient"].iloc[table.rows(split)]) for split in ("train", "val"))
    assert not train & val
    assert real_dataset.pixels(16).shape == (5856, 16, 16)


def test_a_split_of_its_own_can_be_replaced(kaggle_set, load):
    given, resplit = (load(kaggle_set, resplit=value, test_fraction=0.5).table for value in (False, True))
    assert set(given.frame["split"]) == {"train", "val", "test", "unused"}
    assert set(resplit.frame["split"]) == {"train", "val", "test"}
    assert len(resplit.rows("test")) > len(given.rows("test"))
    patients = resplit.frame.groupby("split")["patient"].agg(set)
    assert not patients["train"] & patients["test"]
