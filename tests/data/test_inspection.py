import json
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from ganbal.config import DataConfig
from ganbal.data.dataset import load_dataset
from ganbal.data.inspection import duplicates, inspect_dataset, size_distribution
from ganbal.runtime.console import Console


@pytest.fixture
def inspect(tmp_path):
    def inspect(root):
        config = DataConfig(root=root)
        quiet = Console(quiet=True)
        dataset = load_dataset(config, sizes_px=[8], cache_root=tmp_path / "cache", console=quiet)
        return inspect_dataset(dataset, config), dataset

    return inspect


def test_a_kaggle_set(kaggle_set, inspect):
    (kaggle_set / "train/NORMAL/broken.png").write_bytes(b"")
    content, dataset = inspect(kaggle_set)
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert content["source"] == {
        "root": str(kaggle_set),
        "origin": "data.root",
        "layout": "kaggle",
        "is_phantom": False,
        "imports": [],
    }
    assert content["classes"] == ["NORMAL", "PNEUMONIA"]
    assert content["minority_class"] == "NORMAL"
    assert (content["positive_class"], content["positive_class_reason"]) == ("PNEUMONIA", "name")
    assert content["patients_recognized"] == {"images": 69, "by": {"names": 69}, "are_certain": False}
    assert content["intensity"] is None
    assert [warning["kind"] for warning in content["warnings"]] == ["unreadable-files"]
    train = content["counts"]["train"]
    assert content["counts_found"]["train"] == {"NORMAL": 24, "PNEUMONIA": 30}
    assert content["imbalance_ratio"] == pytest.approx(train["PNEUMONIA"] / train["NORMAL"], abs=1e-4)
    assert content["missing_to_balance"] == {"NORMAL": train["PNEUMONIA"] - train["NORMAL"], "PNEUMONIA": 0}
    assert content["sizes"] == {"min": [12, 10], "median": [12, 10], "max": [12, 10], "distinct": 1, "modes": {"L": 69}}
    assert content["patients"] == {name: sum(counts.values()) for name, counts in content["counts"].items()}
    assert content["unreadable"] == [{"file_name": "train/NORMAL/broken.png", "reason": "empty file (0 bytes)"}]
    assert content["digest"] == dataset.table.digest()
    assert content["validation_rule"].startswith("Validation is 15 % of the training images")


def test_shared_patients_and_duplicates_across_splits(kaggle_set, inspect):
    # In the test part as well: patients 0 to 2; the image of patient 1 is the very one of the training part, the others
    # are copies of another test image.
    test = kaggle_set / "test/PNEUMONIA"
    for person, original in (
        (0, test / "person100_bacteria_100.png"),
        (1, kaggle_set / "train/PNEUMONIA/person1_virus_1.png"),
        (2, test / "person100_bacteria_100.png"),
    ):
        shutil.copy(original, test / f"person{person}_bacteria_9.png")
    content, dataset = inspect(kaggle_set)
    frame = dataset.table.frame
    split_of = frame.set_index("file_name")["split"]
    shared = {tuple(entry["splits"]): entry for entry in content["patients_shared"]}
    for split in ("train", "val"):
        expected = [f"person{n}" for n in range(3) if split_of[f"train/PNEUMONIA/person{n}_virus_{n}.png"] == split]
        assert shared[(split, "test")] == {"splits": [split, "test"], "count": len(expected), "examples": expected}
    assert shared[("train", "val")] == {"splits": ["train", "val"], "count": 0, "examples": []}
    assert content["duplicates"] == {
        "groups": 2,
        "images": 5,
        "across_splits": 1,
        "across_classes": 0,
        "examples": [
            ["test/PNEUMONIA/person1_bacteria_9.png", "train/PNEUMONIA/person1_virus_1.png"],
            [f"test/PNEUMONIA/person{name}.png" for name in ("0_bacteria_9", "100_bacteria_100", "2_bacteria_9")],
        ],
    }
    assert len(frame) == 72  # reported, not dropped


def test_duplicates_by_hand():
    frame = pd.DataFrame(
        {
            "file_name": list("abcdef"),
            "sha256": ["1", "2", "1", "3", "2", "2"],
            "split": ["train", "train", "train", "test", "train", "train"],
            "class_name": ["x", "x", "x", "x", "y", "x"],
        }
    )
    assert duplicates(frame) == {
        "groups": 2,
        "images": 5,
        "across_splits": 0,
        "across_classes": 1,
        "examples": [["a", "c"], ["b", "e", "f"]],
    }
    assert duplicates(frame.iloc[:2]) == {
        "groups": 0,
        "images": 0,
        "across_splits": 0,
        "across_classes": 0,
        "examples": [],
    }


def test_sizes_by_hand():
    frame = pd.DataFrame({"width_px": [10, 30, 20], "height_px": [9, 5, 7], "mode": ["L", "RGB", "L"]})
    assert size_distribution(frame) == {
        "min": [10, 5],
        "median": [20, 7],
        "max": [30, 9],
        "distinct": 3,
        "modes": {"L": 2, "RGB": 1},
    }


def test_the_real_set(real_dataset):
    content = inspect_dataset(real_dataset, DataConfig())
    assert content["sizes"]["min"] == content["sizes"]["max"] == [224, 224]
    assert content["sizes"]["modes"] == {"L": 5856}
    assert (content["duplicates"]["groups"], content["duplicates"]["images"]) == (30, 62)
    shared = {tuple(entry["splits"]): entry["count"] for entry in content["patients_shared"]}
    assert shared[("train", "val")] == 0
    assert shared[("train", "test")] + shared[("val", "test")] == 170
    assert content["unreadable"] == []


def test_deep_images_and_unknown_patients_are_recorded(tmp_path, inspect):
    for name in ("A", "B"):
        (tmp_path / "set" / name).mkdir(parents=True)
        for n in range(20):
            image = Image.fromarray(np.full((8, 8), 100 * n + (name == "B"), np.uint16))
            image.save(tmp_path / "set" / name / f"{name} {n}.png")
    content, _ = inspect(tmp_path / "set")
    assert content["intensity"] == {"range": [0, 2047], "chosen_by": "auto", "images": 40}
    assert content["warnings"] == [{"kind": "no-patients", "values": {"images": 40}}]
    assert "by image: no patients recognized" in content["validation_rule"]
    assert json.loads(json.dumps(content, allow_nan=False)) == content
