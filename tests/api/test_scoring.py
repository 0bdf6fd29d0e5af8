import copy
import pickle

import numpy as np
import pytest
from PIL import Image

import ganbal
from ganbal.api.scoring import Record
from ganbal.errors import InputError

QUICK = {"extractor": "untrained", "floor_splits": 2, "metrics": ["fid", "kid"], "quiet": True}


@pytest.fixture
def sides():
    random = np.random.default_rng(0)
    return random.integers(0, 120, (20, 32, 32), dtype=np.uint8), random.integers(60, 200, (18, 32, 32), dtype=np.uint8)


def test_scores_are_a_mapping_with_attributes_and_all_that_belongs_to_a_value(sides):
    scores = ganbal.score(*sides, **QUICK)
    assert list(scores) == ["fid", "kid"] and len(scores) == 2
    assert scores.fid.value == scores["fid"]["value"] > scores.fid.floor.value > 0
    assert (scores.fid.n_real, scores.fid.n_synthetic) == (20, 18)
    assert scores.fid.extractor.name == "untrained" and {"fid", "kid"} <= set(dir(scores))
    with pytest.raises(AttributeError, match="no 'inception_score' among: fid, kid"):
        _ = scores.inception_score
    assert "FID" in repr(scores) and "20 / 18" in repr(scores)
    html = scores._repr_html_()
    assert html.count("<tr>") == 3 and "20 / 18" in html
    for twin in (copy.copy(scores), copy.deepcopy(scores), pickle.loads(pickle.dumps(scores))):
        assert twin == scores and twin.fid.floor == scores.fid.floor and repr(twin) == repr(scores)


def test_a_record_has_no_hidden_attributes_even_before_it_has_content():
    with pytest.raises(AttributeError, match=r"^_content$"):
        _ = Record.__new__(Record).fid
    with pytest.raises(AttributeError, match=r"^__fid__$"):
        _ = Record({"__fid__": 1}).__fid__


def test_a_folder_and_an_array_of_the_same_images_give_the_same_scores(sides, tmp_path):
    real, synthetic = sides
    for number, image in enumerate(real):
        Image.fromarray(image).save(tmp_path / f"{number:03d}.png")
    from_folder, from_array = (ganbal.score(side, synthetic, **QUICK) for side in (tmp_path, real))
    assert from_folder.fid.value == pytest.approx(from_array.fid.value)


def test_wrong_sides_are_reported(sides, tmp_path):
    real, synthetic = sides
    for side, message in (
        (real / 255, r"real images are an array \(20, 32, 32\) of float64.*uint8"),
        (real[0], r"an array \(32, 32\) of uint8"),
        (real[:3], "has only 3 real images"),
        (tmp_path / "nothing", "There is nothing at"),
        (list(real), r"real is \[array.*It must be a folder, a \.npz file of statistics, or an array"),
        (None, "real is None"),
    ):
        with pytest.raises(InputError, match=message):
            ganbal.score(side, synthetic, **QUICK)
