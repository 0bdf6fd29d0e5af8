import json

import numpy as np
from PIL import Image

from ganbal.report import build_report

CASE = {
    "row": 0,
    "file_name": "a.jpeg",
    "true": "NORMAL",
    "predicted": "PNEUMONIA",
    "probability": 0.93,
    "is_right": False,
}


def with_cases(folder, arm, seed=0, facts=None):
    place = folder / "study" / "cells" / arm / "vgg16" / str(seed)
    Image.fromarray(np.full((200, 900, 3), 90, np.uint8)).save(place / "cases.png")
    facts = {"has_heat_maps": True, "kinds": [[CASE]]} if facts is None else facts
    (place / "cases.json").write_text(json.dumps(facts))


def test_pictures_of_the_first_seed_with_what_they_show(tmp_path, made_up_run):
    folder = made_up_run(classifiers=("vgg16",), seeds=2, num_test=20).write(tmp_path / "run")
    for arm in ("imbalanced", "gan", "duplicated"):
        with_cases(folder, arm)
    with_cases(folder, "gan", seed=1)
    files = build_report(folder)
    names = {path.name for path in files.figures}
    assert {name for name in names if name.startswith("cases-")} == {
        "cases-vgg16-imbalanced.jpg",
        "cases-vgg16-gan.jpg",
    }
    html = files.html.read_text(encoding="utf-8")
    assert "Right and wrong test images" in html
    assert (
        'alt="Test images with the class that VGG16 transfer predicted. NORMAL predicted PNEUMONIA with 0.93."' in html
    )
    assert "what spoke for the answer (Grad-CAM)" in html
    assert "cases-vgg16-gan.jpg" in files.markdown.read_text(encoding="utf-8")


def test_no_heat_maps_are_claimed_where_there_are_none(tmp_path, made_up_run):
    folder = made_up_run(classifiers=("vgg16",), seeds=1, num_test=20).write(tmp_path / "run")
    with_cases(folder, "gan", facts={"has_heat_maps": False, "kinds": [[CASE]]})
    html = build_report(folder).html.read_text(encoding="utf-8")
    assert "least sure answer; no heat maps." in html


def test_damaged_or_missing_pictures_leave_the_rest_of_the_report(tmp_path, made_up_run):
    folder = made_up_run(classifiers=("vgg16",), seeds=1, num_test=20).write(tmp_path / "run")
    with_cases(folder, "gan", facts=[1])
    with_cases(folder, "imbalanced")
    (folder / "study/cells/imbalanced/vgg16/0/cases.png").write_text("no picture")
    html = build_report(folder).html.read_text(encoding="utf-8")
    assert "Right and wrong test images" not in html and "Confusion matrices" in html
