import numpy as np
import pytest

import ganbal
from ganbal.errors import InputError


def test_images_labels_and_counts_belong_together(trained):
    data, _ = trained
    images, labels = data.images("train"), data.labels("train")
    assert images.shape == (len(labels), 32, 32) and images.dtype == np.uint8
    assert data.classes == ("NORMAL", "PNEUMONIA") and data.minority_class == "NORMAL"
    assert {name: int((labels == name).sum()) for name in data.classes} == data.counts["train"] == data.num_training
    normal = data.images("test", "NORMAL", size_px=64)
    assert normal.shape == (data.counts["test"]["NORMAL"], 64, 64)
    assert len(data.table) == sum(sum(of_class.values()) for of_class in data.counts.values())


def test_what_it_shows(trained):
    data, _ = trained
    assert f"{data.num_training['NORMAL']} NORMAL" in repr(data)
    html = data._repr_html_()
    assert html.count("<tr>") == 1 + len(data.counts) and f"<td>{data.counts['test']['PNEUMONIA']}</td>" in html


def test_a_set_named_relative_to_the_working_folder_stays_the_same_set(workplace, monkeypatch):
    data = ganbal.load("chest_xray", quiet=True)
    monkeypatch.chdir(workplace.parent)
    assert len(data.images("test")) == 30
    assert ganbal.load(quiet=True, settings={"data.phantom_images": 60}).config.data.root == "phantom"


def test_wrong_input_is_reported_at_once(workplace):
    for call, message in (
        (lambda: ganbal.load("nowhere"), "There is nothing at nowhere"),
        (lambda: ganbal.load("chest_xray", val_fractoin=0.2), "did you mean data.val_fraction"),
        (lambda: ganbal.load("chest_xray", quiet=True).images("training"), "no split 'training'"),
        (lambda: ganbal.load("chest_xray", quiet=True).images("train", "OTHER"), "no class 'OTHER'"),
    ):
        with pytest.raises(InputError, match=message):
            call()
