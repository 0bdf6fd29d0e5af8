import json

import numpy as np
import pytest
from PIL import Image

from ganbal.study.cases import Case, choose_cases, draw_cases, overlay, write_cases

KINDS = [
    [Case(0, "a.png", "NORMAL", "NORMAL", 0.9), Case(1, "b.png", "NORMAL", "NORMAL", 0.6)],
    [Case(2, "c.png", "PNEUMONIA", "NORMAL", 0.8)],
]
PIXELS = np.full((3, 20, 20), 100, np.uint8)


def binary(*positive):
    return np.array([[1 - value, value] for value in positive])


def test_most_certain_median_and_least_certain_of_every_kind():
    # NORMAL right .1 .2 .3 .4 .45 → sureness .9 .8 .7 .6 .55; one NORMAL wrong; PNEUMONIA right .6 .95; none wrong.
    probabilities = binary(0.3, 0.1, 0.45, 0.2, 0.4, 0.7, 0.6, 0.95)
    labels = np.array([0, 0, 0, 0, 0, 0, 1, 1])
    names = [f"{number}.png" for number in range(8)]
    kinds = choose_cases(labels, probabilities, names, ("NORMAL", "PNEUMONIA"))
    assert [[case.row for case in kind] for kind in kinds] == [[1, 0, 2], [5], [7, 6]]
    wrong = kinds[1][0]
    assert (wrong.file_name, wrong.true, wrong.predicted, wrong.is_right) == ("5.png", "NORMAL", "PNEUMONIA", False)
    assert wrong.content()["probability"] == 0.7


def test_a_tie_is_predicted_as_in_evaluation():
    ((case,),) = choose_cases(np.array([1]), binary(0.5), ["a"], ("NORMAL", "PNEUMONIA"))
    assert case.predicted == "PNEUMONIA" and case.is_right


def test_three_classes():
    probabilities = np.array([[0.2, 0.5, 0.3], [0.1, 0.2, 0.7]])
    kinds = choose_cases(np.array([0, 2]), probabilities, ["a", "b"], ("x", "y", "z"))
    assert [[(case.true, case.predicted) for case in kind] for kind in kinds] == [[("x", "y")], [("z", "z")]]


def test_cold_places_show_the_image_and_hot_ones_the_color():
    heat = np.zeros((20, 20), np.float32)
    heat[0, 0] = 1
    over = overlay(PIXELS[0], heat)
    assert over[5, 5].tolist() == [100, 100, 100]
    # inferno ends in (252, 255, 164); six tenths of it and four of 100.
    assert over[0, 0].tolist() == pytest.approx([0.6 * 252 + 40, 0.6 * 255 + 40, 0.6 * 164 + 40], abs=1)


def test_a_row_for_every_kind():
    alone, beside = draw_cases(KINDS, PIXELS, None), draw_cases(KINDS, PIXELS, np.zeros((3, 20, 20), np.float32))
    assert beside.height == alone.height
    assert beside.width > 1.8 * alone.width
    gray = (np.array(alone) == 100).all(axis=2)
    assert gray.sum() == pytest.approx(3 * 150 * 150, rel=0.01)


def test_long_class_names_do_not_run_into_the_next_case():
    long = [[Case(0, "a", "x" * 200, "x" * 200, 0.5), Case(1, "b", "y" * 200, "z" * 200, 0.5)]]
    assert draw_cases(long, PIXELS[:2], None).size == draw_cases([KINDS[0]], PIXELS[:2], None).size


def test_written_with_what_it_shows(tmp_path):
    write_cases(KINDS, PIXELS, None, tmp_path)
    with Image.open(tmp_path / "cases.png") as image:
        assert image.mode == "RGB"
    content = json.loads((tmp_path / "cases.json").read_text())
    assert content["has_heat_maps"] is False
    assert content["kinds"][1] == [
        {
            "row": 2,
            "file_name": "c.png",
            "true": "PNEUMONIA",
            "predicted": "NORMAL",
            "probability": 0.8,
            "is_right": False,
        }
    ]
