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


@pytest.mark.parametrize(
    ("protocol", "stopped"), [("honest", "on the validation images"), ("documents", "on the test")]
)
def test_settings_that_a_publications_recipe_overrides_are_not_told(protocol, stopped):
    model = {"name": "cnn_64", "title": "64-px CNN", "image_size_px": 64, "pretrained": None}
    summary = {"classifiers": [model], "arms": ["imbalanced"], "seeds": [0], "steps": 10, "num_test": 624}
    summary |= {"differences": [], "protocol": protocol}
    settings = {"batch_size": 48, "learning_rate": 0.003, "patience": 5, "augment": "document"}
    ours = study_methods(SimpleNamespace(summary=summary, config={"study": settings | {"recipe": "config"}}))
    assert "batch size 48; learning rate 0.003; augmentation: document; early stopping after 5 checks" in ours
    theirs = study_methods(SimpleNamespace(summary=summary, config={"study": settings | {"recipe": "document"}}))
    assert "48" not in theirs
    assert "0.003" not in theirs
    assert "were those of each classifier's publication" in theirs
    assert "(augmentation: document)" in theirs
    assert stopped in ours
    assert stopped in theirs
