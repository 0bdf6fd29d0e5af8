from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ganbal.data.image_table import COLUMNS, ImageTable
from ganbal.errors import InputError


def table(root="/somewhere", order=(0, 1, 2, 3, 4), **changes):
    frame = pd.DataFrame(
        {
            "file_name": [f"{n}.png" for n in range(5)],
            "class_name": ["ill", "well", "ill", "ill", "well"],
            "label": [0, 1, 0, 0, 1],
            "split": ["train", "train", "train", "test", "unused"],
            "patient": ["p0", "p1", "p0", "p2", "p3"],
            "sha256": [str(n) * 64 for n in range(5)],
            "width_px": 10,
            "height_px": 8,
            "mode": "L",
            "split_found": ["train", "train", "train", "test", "val"],
        }
    ).assign(**changes)
    return ImageTable(Path(root), "kaggle", False, ("ill", "well"), frame.iloc[list(order)].reset_index(drop=True))


def test_rows():
    rows = table().rows("train", "ill")
    assert rows.dtype == np.int64
    assert rows.tolist() == [0, 2]
    assert table().rows("train").tolist() == [0, 1, 2]
    assert table().rows(class_name="well").tolist() == [1, 4]
    assert table().rows().tolist() == [0, 1, 2, 3, 4]
    assert table().rows("val").tolist() == []


def test_rows_of_a_class_that_is_not_there():
    with pytest.raises(InputError, match=r"no class 'wel'\. Its classes are ill, well\. Correct gan\.class_name"):
        table().rows("train", "wel")


def test_counts():
    assert table().counts() == {
        "train": {"ill": 2, "well": 1},
        "val": {"ill": 0, "well": 0},
        "test": {"ill": 1, "well": 0},
        "unused": {"ill": 0, "well": 1},
    }
    assert table().counts_found() == {
        "train": {"ill": 2, "well": 1},
        "val": {"ill": 0, "well": 1},
        "test": {"ill": 1, "well": 0},
    }
    assert "unused" not in table(split="train").counts()


def test_minority_class_goes_by_training_images():
    assert table().minority_class == "well"
    assert table(split=["train", "train", "test", "test", "train"]).minority_class == "ill"  # 1 against 2
    assert table(split=["train", "train", "test", "test", "test"]).minority_class == "ill"  # 1 each: alphabet


def test_digest_covers_contents_and_splits_but_not_places_or_order():
    first = table().digest()
    assert len(first) == 64
    assert table("/elsewhere", order=(4, 2, 0, 1, 3), width_px=99).digest() == first
    for column, value in (("split", "val"), ("patient", "p9"), ("sha256", "f" * 64), ("class_name", "ill")):
        changed = table().frame[column].tolist()
        changed[4] = value
        assert table(**{column: changed}).digest() != first


def test_columns():
    assert tuple(table().frame.columns) == COLUMNS
