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


@pytest.mark.parametrize("size_px", [0, -5, 2.5, "64", True])
def test_sizes_that_cannot_be(trained, size_px):
    with pytest.raises(InputError, match=f"size_px is {size_px!r}. It must be a whole number of at least 1"):
        trained[0].images("test", size_px=size_px)


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
        (lambda: ganbal.load(5), "source is 5. It must be the path or the name of a data set"),
        (lambda: ganbal.load("chest_xray", preset=5), "preset is 5. It must be the name of a preset"),
        (lambda: ganbal.load("chest_xray", config=[1]), r"config is \[1\]. It must be a YAML file"),
        (lambda: ganbal.load("chest_xray", settings=5), "settings is 5. It must be a mapping"),
    ):
        with pytest.raises(InputError, match=message):
            call()
