from types import SimpleNamespace

import pytest

from ganbal.report.sections.study_methods import study_methods


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("pixel_svm", "RBF SVM on pixels is fitted to all images at once, without steps."),
        ("forest_on_cnn", "the forest then fitted to its features."),
        ("cnn_64", None),
    ],
)
def test_what_is_fitted_has_a_sentence_of_its_own(name, sentence):
    model = {"name": name, "title": "RBF SVM on pixels", "image_size_px": 50, "pretrained": None}
    summary = {"classifiers": [model], "arms": ["imbalanced"], "seeds": [0], "steps": 10, "num_test": 624}
    text = study_methods(SimpleNamespace(summary=summary | {"differences": []}, config={}))
    assert "All were tested on the same 624 images." in text
    assert (sentence in text) if sentence else ("fitted" not in text)
