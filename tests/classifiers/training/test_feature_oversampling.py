import sys

import numpy as np
import pytest
import torch

from classifiers.errors import ClassifierInputError
from classifiers.registry import find_model
from classifiers.training.feature_oversampling import check_fixed_vectors, check_oversampling, has_fixed_vectors, smote
from classifiers.training.train import TrainingConfig, train_classifier


@pytest.fixture(autouse=True)
def _needs_imbalanced_learn():
    pytest.importorskip("imblearn")


def test_new_points_lie_between_two_of_their_class():
    # Two points on a line for class 0: new points lie between them.
    vectors = np.array([[0.0, 0.0], [10.0, 20.0], [5.0, -5.0], [6.0, -5.0], [7.0, -5.0]], dtype=np.float32)
    labels = np.array([0, 0, 1, 1, 1])
    more, more_labels = smote(vectors, labels, (30, 0), seed=1)
    assert np.array_equal(more[:5], vectors) and more.dtype == np.float32
    assert more_labels.tolist() == [0, 0, 1, 1, 1] + [0] * 30
    new = more[5:]
    assert np.allclose(new[:, 1], 2 * new[:, 0], atol=1e-5)
    assert new.min() >= 0 and new[:, 0].max() <= 10 and len(np.unique(new[:, 0])) == 30
    assert np.array_equal(more, smote(vectors, labels, (30, 0), seed=1)[0])
    assert not np.array_equal(more, smote(vectors, labels, (30, 0), seed=2)[0])


def test_every_class_gets_its_own_number_of_additions():
    random = np.random.default_rng(0)
    vectors, labels = random.normal(size=(20, 3)), np.array([0] * 4 + [1] * 10 + [2] * 6)
    _, more_labels = smote(vectors, labels, (6, 0, 3), seed=0)
    assert np.bincount(more_labels).tolist() == [10, 10, 9]
    assert smote(vectors, labels, (0, 0, 0), seed=0)[0] is vectors


def test_a_single_example_has_no_neighbor():
    with pytest.raises(ClassifierInputError, match=r"1 training image. SMOTE needs at least 2 of every class"):
        smote(np.zeros((3, 2)), np.array([0, 1, 1]), (1, 0), seed=0)


def test_without_the_package_the_error_names_its_installation(monkeypatch):
    monkeypatch.setitem(sys.modules, "imblearn", None)
    monkeypatch.setattr("classifiers.training.feature_oversampling.find_spec", lambda name: None)
    with pytest.raises(ClassifierInputError, match=r'imbalanced-learn is not installed.*pip install "ganbal\[smote\]"'):
        check_oversampling()


@pytest.mark.parametrize(
    ("name", "augment", "fixed"),
    [
        ("pixel_svm", "anatomical", True),  # fitted to images as they are, whatever the settings
        ("vgg16", "none", True),
        ("vgg16", "anatomical", False),
        ("baseline_cnn", "none", False),
        ("svm_on_cnn", "none", False),  # the network below is trained
        ("xception", "published", True),  # the publication augments nothing
    ],
)
def test_which_models_train_on_fixed_vectors(name, augment, fixed):
    assert has_fixed_vectors(find_model(name), augment) is fixed
    if not fixed:
        with pytest.raises(
            ClassifierInputError, match=f"cannot be used with {name} and .*{augment}.*one fixed vector per image"
        ):
            check_fixed_vectors(find_model(name), augment)


def images(count):
    random = np.random.default_rng(0)
    labels = (np.arange(count) % 4 > 0).astype(np.int64)
    pixels = random.integers(0, 120, (count, 32, 32)) + 100 * labels[:, None, None]
    return pixels.astype(np.uint8), labels


def trained(name, **given):
    pixels, labels = images(24)
    settings = {"steps": 3, "checks": 1, "batch_size": 4, "num_workers": 1} | given
    classifier = train_classifier(
        name,
        train_pixels=pixels,
        train_labels=labels,
        val_pixels=pixels[:8],
        val_labels=labels[:8],
        num_classes=2,
        image_size_px=32,
        weights="none",
        config=TrainingConfig(**settings),
        device=torch.device("cpu"),
        cache=None,
    )
    return classifier.predict(pixels)


@pytest.mark.parametrize("name", ["pixel_svm", "transfer:squeezenet1_1"])
def test_a_classifier_is_trained_on_what_smote_makes(name):
    more = {"feature_oversampling": "smote", "feature_additions": (12, 0)}
    plain, first, again = trained(name), trained(name, **more), trained(name, **more)
    assert np.array_equal(first, again)
    assert not np.array_equal(plain, first)


def test_a_classifier_that_learns_its_features_refuses():
    with pytest.raises(ClassifierInputError, match="cannot be used with baseline_cnn"):
        trained("baseline_cnn", feature_oversampling="smote", feature_additions=(1, 0))


def test_features_too_many_to_keep_are_refused(monkeypatch):
    monkeypatch.setattr("classifiers.training.network_inputs.MAX_FEATURE_BYTES", 1)
    with pytest.raises(ClassifierInputError, match="fit into memory"):
        trained("transfer:squeezenet1_1", feature_oversampling="smote", feature_additions=(1, 0))


def test_class_balanced_training_is_another_one():
    assert not np.array_equal(trained("baseline_cnn"), trained("baseline_cnn", sampling="class-balanced"))


@pytest.mark.parametrize("wrong", [{"sampling": "x"}, {"feature_oversampling": "adasyn"}])
def test_wrong_settings_are_reported(wrong):
    with pytest.raises(ClassifierInputError, match="feature_oversampling one of None, smote"):
        TrainingConfig(steps=1, **wrong)
