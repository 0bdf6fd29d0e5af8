import pytest

from ganbal.data.discovery import find_images
from ganbal.errors import InputError


@pytest.fixture
def folder(tmp_path, make_images):
    return make_images(tmp_path / "set", ["a.png", "b.png", "deep/c, d.png"])


def write(folder, text, encoding="utf-8"):
    file = folder / "images.csv"
    file.write_text(text, encoding=encoding)
    return file


def test_path_and_label(folder):
    source = find_images(write(folder, 'path,label\nb.png,ill\n./a.png,well\n"deep/c, d.png",ill\n'))
    assert (source.layout, source.root) == ("csv", folder)
    assert [(image.file_name, image.class_name, image.split, image.patient) for image in source.images] == [
        ("a.png", "well", None, None),
        ("b.png", "ill", None, None),
        ("deep/c, d.png", "ill", None, None),
    ]


def test_split_and_patient_and_columns_of_others(folder):
    text = "Age,Patient, Split,label,path\n61,p1,train,ill,a.png\n\n,,VALID,well,b.png\n7,p1,test,well,a2.png\n"
    images = find_images(write(folder, text, "utf-8-sig")).images
    assert [(image.file_name, image.split, image.patient) for image in images] == [
        ("a.png", "train", "p1"),
        ("a2.png", "test", "p1"),
        ("b.png", "val", None),
    ]


def test_files_elsewhere_keep_names_that_differ(folder, make_images):
    outside = make_images(folder.parent / "other", ["a.png", "e.png"])
    text = f"path,label\na.png,x\n{outside / 'a.png'},x\n../other/e.png,y\n{folder / 'b.png'},y\n"
    source = find_images(write(folder, text))
    names = [image.file_name for image in source.images]
    assert sorted(names) == sorted(["../other/e.png", "a.png", "b.png", (outside / "a.png").as_posix()])
    assert all((source.root / name).is_file() for name in names)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: no column `path` among: nothing"),
        ("path,label\n", "no lines below the header"),
        ("file,label\na.png,x\n", "line 1: no column `path` among: file, label"),
        ("path,label\na.png,x|y\n", "line 2: label 'x|y' names several classes"),
        ('path,label\na.png,x\n"b\0.png",y\n', "line 3 has a NUL byte"),
        ('path,label\na.png,"x\ny"\n', "label 'x\\ny' has line breaks or control characters"),
        (f"path,label\na.png,{'x' * 300}\n", "is longer than 200 bytes"),
        ("path,label,patiant\na.png,x,1\n", "column `patiant` is not known; did you mean `patient`"),
        ("path,label,label\na.png,x,y\n", "more than one column `label`"),
        ("path,label\na.png\n", "line 2: 1 values for 2 columns"),
        ("path,label\n,x\n", "line 2: no path"),
        ("path,label\na.png,\n", "line 2: no label"),
        ("path,label\na.dcm,x\n", "line 2: a.dcm does not end in"),
        ("path,label\na.png,../x\n", "line 2: label '../x' cannot be the name of a folder"),
        ("path,label,split\na.png,x,trian\n", "line 2: split 'trian' is none of train, val, test"),
        ("path,label,split\na.png,x,train\nb.png,x,\n", "line 3: split '' is none"),
        ("path,label\na.png,x\ndeep/../a.png,x\n", "line 3: deep/../a.png is in line 2 already"),
        ("path,label\nq.png,x\nr.png,y\n", "none of the 2 files exists, e.g. q.png"),
        ('path,label\n"a.png,x\n', "unexpected end of data"),
    ],
)
def test_mistakes(folder, text, message):
    with pytest.raises(InputError) as caught:
        find_images(write(folder, text))
    assert message in str(caught.value)


def test_the_first_mistakes_are_reported_at_once(folder):
    lines = "".join(f"{n}.txt,x\n" for n in range(20))
    with pytest.raises(InputError, match=r"line 9: 7\.txt .*\n  and 12 more"):
        find_images(write(folder, "path,label\n" + lines))


def test_not_utf8(folder):
    (folder / "images.csv").write_bytes(b"path,label\n\xff\xfe.png,x\n")
    with pytest.raises(InputError, match="a CSV file in UTF-8"):
        find_images(folder / "images.csv")


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_recognized(folder, separator):
    text = "path,label,split\na.png,x,train\nb.png,y,test\n".replace(",", separator)
    images = find_images(write(folder, text)).images
    assert [(image.file_name, image.class_name, image.split) for image in images] == [
        ("a.png", "x", "train"),
        ("b.png", "y", "test"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_byte_order_marks(folder, encoding):
    assert len(find_images(write(folder, "path,label\na.png,Ä\n", encoding)).images) == 1


def test_backslashes_of_windows(folder):
    images = find_images(write(folder, "path,label\n.\\a.png,x\ndeep\\c, d.png,y\n".replace("c, d", "e"))).images
    assert [image.file_name for image in images] == ["a.png", "deep/e.png"]


def test_a_backslash_in_a_name_that_exists_stays(folder, write_image):
    write_image(folder / "deep\\b.png")
    (image,) = find_images(write(folder, "path,label\ndeep\\b.png,x\n")).images
    assert image.file_name == "deep\\b.png"


@pytest.mark.parametrize("label", ["no", "0", "None", "NA", "1e3", "007", "null", "true"])
def test_labels_stay_text(folder, label):
    (image,) = find_images(write(folder, f"path,label\na.png,{label}\n")).images
    assert image.class_name == label


@pytest.mark.parametrize("column", ["patient_id", "Subject"])
def test_usual_columns_of_patients(folder, column):
    (image,) = find_images(write(folder, f"path,label,{column}\na.png,x,007\n")).images
    assert image.patient == "007"


def test_a_named_column_of_patients(folder):
    file = write(folder, "path,label,patient,Who\na.png,x,p1,Ann\n")
    (image,) = find_images(file, patient_column="who").images
    assert image.patient == "Ann"
    with pytest.raises(InputError, match=r"no column `what` \(data\.patient_column\)"):
        find_images(file, patient_column="what")


def test_names_of_splits(folder):
    text = "path,label,split\na.png,x,Training\nb.png,x,eval\ndeep/e.png,x,test_set\n"
    assert [image.split for image in find_images(write(folder, text)).images] == ["train", "val", "test"]


def test_a_device_with_the_name_of_a_csv_file(tmp_path):
    (tmp_path / "x.csv").symlink_to("/dev/zero")
    with pytest.raises(InputError, match="is a pipe, socket or device"):
        find_images(tmp_path / "x.csv")


def test_a_folder_with_the_name_of_a_csv_file_is_a_folder(tmp_path, make_images):
    root = make_images(tmp_path / "x.csv", ["A/1.png", "B/1.png"])
    assert find_images(root).layout == "flat"
