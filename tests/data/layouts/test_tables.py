import pandas
import pytest

from ganbal.config import DataConfig
from ganbal.data.discovery import find_images
from ganbal.errors import InputError


@pytest.fixture
def folder(tmp_path, make_images):
    return make_images(tmp_path / "set", ["a.png", "b.png", "deep/c, d.png", "deep/e.jpg", "e.png"])


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
    text = "Age,Patient, Split,label,path\n61,p1,train,ill,a.png\n\n,,VALID,well,b.png\n7,p1,test,well,deep/e.jpg\n"
    images = find_images(write(folder, text, "utf-8-sig")).images
    assert [(image.file_name, image.split, image.patient) for image in images] == [
        ("a.png", "train", "p1"),
        ("b.png", "val", None),
        ("deep/e.jpg", "test", "p1"),
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
        ("picture,label\na.png,x\n", "line 1: no column `path` among: picture, label; name it with --path-column"),
        ("path,color\na.png,x\n", "line 1: no column `label` among: path, color; name it with --label-column"),
        ("path,label\na.png,x|y\n", "line 2: label 'x|y' names several classes"),
        ('path,label\na.png,x\n"b\0.png",y\n', "line 3 has a NUL byte"),
        ('path,label\na.png,"x\ny"\n', "label 'x\\ny' has line breaks or control characters"),
        (f"path,label\na.png,{'x' * 300}\n", "is longer than 200 bytes"),
        ("path,label,patiant\na.png,x,1\n", "column `patiant` is not known; did you mean `patient`"),
        ("path,label,label\na.png,x,y\n", "more than one column `label`"),
        ("path,label\na.png\n", "line 2: 1 values for 2 columns"),
        ("path,label\n,x\n", "line 2: no path"),
        ("path,label\na.png,\n", "line 2: no label"),
        ("path,label\na.txt,x\n", "line 2: a.txt does not end in"),
        ("path,label\na.png,../x\n", "line 2: label '../x' cannot be the name of a folder"),
        ("path,label,split\na.png,x,trian\n", "line 2: split 'trian' is none of train, val, test"),
        ("path,label,split\na.png,x,train\nb.png,x,\n", "line 3: split '' is none"),
        ("path,label\na.png,x\ndeep/../a.png,y\n", "line 3: deep/../a.png is y, but x in line 2"),
        ("path,label,patient\na.png,x,1\na.png,x,2\n", "line 3: a.png is in line 2 already, with another split or"),
        ("path,label\ne,x\n", "line 2: e may be any of deep/e.jpg and e.png"),
        ("path,image_id,target,class\na.png,1,2,3\n", "`target` and `class` may each be the column of the label; name"),
        ("path,A,B\na.png,1,0\nb.png,0,1\n", "2 columns of zeros and ones may be the labels: A and B; choose one"),
        ("path,label\nq.png,x\nr.png,y\n", "none of the 2 files exists, e.g. q.png"),
        ('path,label\n"a.png,x\n', "unexpected end of data"),
        ("path,label\na.png,ill, badly\nb.png,well\n", "line 2: 3 values for 2 columns; values that hold"),
        ("path,label,Dataset_type\na.png,x,TRAIN\nb.png,y,TEST\n", "column `Dataset_type` holds splits (TEST, TRAIN)"),
        ("path,label\na.png,x\nr.png,y\n", "1 of 2 files do not exist, e.g. r.png (paths are relative to"),
        ("path,label\n/q/a.png,x\n/q/b.png,y\n", "none of the 2 files exists, e.g. /q/a.png (this path is absolute;"),
        ("path,label\nC:\\q\\a.png,x\nC:\\b.png,y\n", "C:/b.png (this path is absolute;"),
    ],
)
def test_mistakes(folder, text, message):
    with pytest.raises(InputError) as caught:
        find_images(write(folder, text))
    assert message in str(caught.value)


def test_a_column_of_splits_can_be_named_or_ignored(folder):
    table = write(folder, "path,label,phase\na.png,x,train\nb.png,y,test\n")
    by = find_images(table, DataConfig(split_column="phase")).images
    assert [image.split for image in by] == ["train", "test"]
    assert [image.split for image in find_images(table, DataConfig(resplit=True)).images] == [None, None]
    no_splits = write(folder, "path,label,phase,sex\na.png,x,train,m\nb.png,y,train,f\n")
    assert [image.split for image in find_images(no_splits).images] == [None, None]


def test_a_few_missing_files_are_left_to_the_limit_of_unreadable_ones(folder):
    table = write(folder, "path,label,\na.png,x,\nb.png,y,\nr.png,y,\n")
    assert len(find_images(table, DataConfig(max_unreadable_fraction=0.4)).images) == 3


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
    images = find_images(write(folder, "path,label\n.\\a.png,x\ndeep\\e.jpg,y\n")).images
    assert [image.file_name for image in images] == ["a.png", "deep/e.jpg"]


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
    (image,) = find_images(file, DataConfig(patient_column="who")).images
    assert image.patient == "Ann"
    with pytest.raises(InputError, match=r"no column `what` \(data\.patient_column\)"):
        find_images(file, DataConfig(patient_column="what"))


def test_names_of_splits(folder):
    text = "path,label,split\na.png,x,Training\nb.png,x,eval\ndeep/e.jpg,x,test_set\n"
    assert [image.split for image in find_images(write(folder, text)).images] == ["train", "val", "test"]


def test_a_device_with_the_name_of_a_csv_file(tmp_path):
    (tmp_path / "x.csv").symlink_to("/dev/zero")
    with pytest.raises(InputError, match="is a pipe, socket or device"):
        find_images(tmp_path / "x.csv")


def test_a_folder_with_the_name_of_a_csv_file_is_a_folder(tmp_path, make_images):
    root = make_images(tmp_path / "x.csv", ["A/1.png", "B/1.png"])
    assert find_images(root).layout == "flat"


def listed(source):
    return [(image.file_name, image.class_name, image.patient) for image in source.images]


@pytest.mark.parametrize(
    ("header", "path", "label", "patient"),
    [
        ("Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age", 0, 1, 3),  # NIH ChestX-ray14
        ("lesion_id,image_id,dx,dx_type,age,sex,localization", 1, 2, None),  # HAM10000
        ("id_code,diagnosis", 0, 1, None),  # APTOS
        ("file_name,label", 0, 1, None),
        ("ID;Subject ID;Outcome", 0, 2, 1),
    ],
)
def test_usual_names_of_columns(folder, header, path, label, patient):
    separator = ";" if ";" in header else ","
    cells = [f"c{number}" for number in range(header.count(separator) + 1)]
    cells[path] = "a.png"
    source = find_images(write(folder, f"{header}\n{separator.join(cells)}\n"))
    assert listed(source) == [("a.png", f"c{label}", None if patient is None else f"c{patient}")]


def test_columns_by_option(folder):
    file = write(folder, "where,what,when,who,label\na.png,x,Train,7,no\nb.png,y,Test,8,no\n")
    names = {"path_column": "where", "label_column": "WHAT", "split_column": "when", "patient_column": "who"}
    source = find_images(file, DataConfig(**names))
    assert listed(source) == [("a.png", "x", "7"), ("b.png", "y", "8")]
    assert [image.split for image in source.images] == ["train", "test"]
    with pytest.raises(InputError, match=r"no column `what` \(data\.path_column\) among: where, ?what"):
        find_images(write(folder, "where,whats\na.png,x\n"), DataConfig(path_column="what"))


def test_names_without_suffix_and_names_in_folders_below(folder):
    source = find_images(write(folder, "id,label\na,x\nc, d,y\n".replace("c, d", '"c, d"')))
    assert listed(source) == [("a.png", "x", None), ("deep/c, d.png", "y", None)]
    (image,) = find_images(write(folder, "path,label\ndeep/e,x\n")).images
    assert image.file_name == "deep/e.jpg"


def test_ids_of_patients_name_images_where_nothing_else_does(folder):
    text = "patientId,x,y,width,height,Target\na,,,,,0\nb,1,2,3,4,1\nb,5,6,7,8,1\n"  # RSNA: a line per box
    source = find_images(write(folder, text))
    assert listed(source) == [("a.png", "0", "a"), ("b.png", "1", "b")]
    assert [str(warning) for warning in source.warnings] == [
        "1 line of the table name a file that another line names already"
    ]


def test_paths_relative_to_another_folder(folder, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    file = tmp_path / "elsewhere/labels.csv"
    file.write_text("path,label\na.png,x\ndeep/e.jpg,y\n")
    with pytest.raises(InputError, match=r"none of the 2 files exists.* --root names another folder"):
        find_images(file)
    source = find_images(file, DataConfig(image_root=folder))
    assert (source.root, listed(source)) == (folder, [("a.png", "x", None), ("deep/e.jpg", "y", None)])


class TestSeveralLabels:
    def test_in_one_cell(self, folder):
        file = write(folder, "Image Index,Finding Labels\na.png,Mass|Edema\nb.png,No Finding\ndeep/e.jpg,Edema\n")
        with pytest.raises(InputError, match=r"'Mass\|Edema' names several .*data\.one_versus_rest=Mass"):
            find_images(file)
        source = find_images(file, DataConfig(one_versus_rest="Edema"))
        assert [name for _, name, _ in listed(source)] == ["Edema", "no-Edema", "Edema"]
        with pytest.raises(InputError, match="is 'Hernia', but no image has this label"):
            find_images(file, DataConfig(one_versus_rest="Hernia"))

    def test_in_several_lines(self, folder):
        file = write(folder, "image_id,class_name\na,Mass\na,Edema\nb,Mass\n")
        with pytest.raises(InputError, match=r"a is Edema, but Mass in line 2; .*one_versus_rest=Edema"):
            find_images(file)
        source = find_images(file, DataConfig(one_versus_rest="Edema"))
        assert [name for _, name, _ in listed(source)] == ["Edema", "no-Edema"]

    def test_in_columns_as_in_chexpert(self, folder):
        text = "Path,Sex,Age,Edema,Fracture\na.png,M,61,1.0,\nb.png,F,52,,1.0\ndeep/e.jpg,F,3,-1.0,0.0\n"
        with pytest.raises(InputError, match=r"2 columns of zeros and ones .*: Edema and Fracture; .*=Edema"):
            find_images(write(folder, text))
        source = find_images(write(folder, text), DataConfig(one_versus_rest="Edema"))
        assert listed(source) == [("a.png", "Edema", None), ("b.png", "no-Edema", None)]
        assert "1 line of the table left out, because they say of Edema that it is uncertain" in str(source.warnings[0])
        with pytest.raises(InputError, match="line 2: '61' is neither 0 nor 1"):
            find_images(write(folder, text), DataConfig(one_versus_rest="Age"))


def test_a_table_that_pandas_wrote(folder):
    frame = pandas.DataFrame({"path": ["a.png", "b.png"], "label": [0, 1], "note": ['said "x, y"', "two\nlines"]})
    for separator in ",;\t":
        frame.to_csv(folder / "images.csv", sep=separator, encoding="utf-8-sig")
        assert listed(find_images(folder / "images.csv")) == [("a.png", "0", None), ("b.png", "1", None)]


def test_json_lines(folder):
    file = folder / "images.jsonl"
    file.write_text('{"file_name": "a.png", "label": 0}\n\n{"file_name": "b.png", "label": ["x", "y"]}\n')
    source = find_images(file, DataConfig(one_versus_rest="y"))
    assert listed(source) == [("a.png", "no-y", None), ("b.png", "y", None)]
    file.write_text("[1]\n")
    with pytest.raises(InputError, match="line 1 is no JSON object"):
        find_images(file)
