import io
import json

import numpy as np
import pytest
from PIL import Image

from ganbal.errors import InputError

pyarrow = pytest.importorskip("pyarrow", reason="needs pyarrow")
from pyarrow import parquet  # noqa: E402


def encoded(value, kind="PNG"):
    content = io.BytesIO()
    Image.fromarray(np.full((4, 5), value, np.uint8)).save(content, kind)
    return content.getvalue()


def write(file, labels, *, class_names=None, **columns):
    """A file as the package `datasets` writes it."""
    images = [{"bytes": encoded(10 * n, "JPEG" if n % 2 else "PNG"), "path": f"{n}.png"} for n in range(len(labels))]
    table = pyarrow.table({"image": images, "label": labels, **columns})
    if class_names is not None:
        features = {"label": {"names": class_names, "_type": "ClassLabel"}, "image": {"_type": "Image"}}
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    file.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(table, file)


def test_a_dataset_of_the_hub(find, tmp_path):
    write(tmp_path / "set/data/train-00000-of-00002-abc.parquet", [0, 1, 0], class_names=["NORMAL", "PNEUMONIA"])
    write(tmp_path / "set/data/train-00001-of-00002-def.parquet", [1], class_names=["NORMAL", "PNEUMONIA"])
    write(tmp_path / "set/data/test-00000-of-00001.parquet", [1, 0], class_names=["NORMAL", "PNEUMONIA"])
    (tmp_path / "set/README.md").write_text("---\n")
    located = find(tmp_path / "set")
    assert located.source.layout == "parquet"
    assert [(image.split, image.class_name) for image in located.source.images] == [
        ("test", "PNEUMONIA"),
        ("test", "NORMAL"),
        ("train", "NORMAL"),
        ("train", "PNEUMONIA"),
        ("train", "NORMAL"),
        ("train", "PNEUMONIA"),
    ]
    first = located.source.root / located.source.images[2].file_name
    assert first.read_bytes() == encoded(0)
    assert located.imports[0]["images"] == 6


def test_columns_and_labels_of_other_kinds(find, tmp_path):
    who = ["p", "q", "p"]
    write(tmp_path / "a/train.parquet", [["x", "y"], ["y"], []], who=who)
    with pytest.raises(InputError, match="images have no label or several, such as x and y"):
        find(tmp_path / "a")
    source = find(tmp_path / "a", one_versus_rest="x", patient_column="who").source
    assert [(image.class_name, image.patient) for image in source.images] == [("x", "p"), ("no-x", "q"), ("no-x", "p")]
    write(tmp_path / "b/x.parquet", [1, 2], diagnosis=["ill", "well"])
    source = find(tmp_path / "b", label_column="diagnosis").source
    assert [(image.split, image.class_name) for image in source.images] == [(None, "ill"), (None, "well")]


def test_files_that_cannot_be_used(find, tmp_path):
    file = tmp_path / "set/x.parquet"
    file.parent.mkdir()
    for table, message in (
        ({"label": [0]}, "0 columns of images among label"),
        ({"image": [b"x"], "mask": [b"x"], "label": [0]}, "2 columns of images"),
        ({"image": [b"x"], "text": ["a"]}, "no column `label` among text"),
        ({"image": [b"x"], "label": ["../a"]}, "cannot be the name of a folder"),
        ({"image": [None], "label": [1]}, "0 columns of images|paths to other files"),
    ):
        parquet.write_table(pyarrow.table(table), file)
        with pytest.raises(InputError, match=message):
            find(tmp_path / "set")
    file.write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"The Parquet file .* cannot be used"):
        find(tmp_path / "set")


def test_beside_images_such_files_are_something_else(find, tmp_path, make_images):
    root = make_images(tmp_path / "set", ["A/1.png", "B/2.png"])
    (root / "embeddings.parquet").write_bytes(b"x")
    assert find(root).source.layout == "flat"
