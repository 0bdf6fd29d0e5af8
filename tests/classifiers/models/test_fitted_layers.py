import numpy as np
import pytest
import torch
from sklearn.ensemble import RandomForestClassifier
from sklearn.svm import SVC

from classifiers.checkpoint import load_classifier, save_classifier
from classifiers.errors import ClassifierInputError
from classifiers.evaluation.grad_cam import grad_cam
from classifiers.models.fitted_layer import FitSettings
from classifiers.models.forest import Forest, fit_forest
from classifiers.models.kernel_machine import KernelMachine, fit_linear_machine, fit_rbf_machine
from classifiers.training.losses import probabilities_of

CPU = torch.device("cpu")


def clouds(count=90, num_classes=2, num_features=5):
    """Overlapping clouds of points, so that machines have many support vectors and trees many nodes."""
    random = np.random.default_rng(0)
    labels = np.arange(count) % num_classes
    return random.normal(labels[:, None], 1.0, (count, num_features)).astype(np.float32), labels


def settings(num_classes=2, class_weights=None):
    return FitSettings(num_classes, 1 if num_classes == 2 else num_classes, class_weights, seed=4)


@pytest.mark.parametrize(("fit", "kernel"), [(fit_linear_machine, "linear"), (fit_rbf_machine, "rbf")])
@pytest.mark.parametrize("weights", [None, (3.0, 1.0)])
def test_decisions_are_those_of_scikit_learn(fit, kernel, weights):
    features, labels = clouds()
    logits = fit(features, labels, settings(class_weights=weights))(torch.from_numpy(features))
    by_class = None if weights is None else dict(enumerate(weights))
    machine = SVC(kernel=kernel, class_weight=by_class).fit(features.astype(np.float64), labels)
    assert logits.dtype == torch.float32
    assert logits[:, 0].numpy() == pytest.approx(machine.decision_function(features), abs=1e-4)
    predicted = probabilities_of(logits, 2).argmax(dim=1).numpy()
    assert np.array_equal(predicted, machine.predict(features))


@pytest.mark.parametrize("fit", [fit_linear_machine, fit_rbf_machine])
def test_machines_of_three_classes_are_each_against_the_others(fit):
    features, labels = clouds(num_classes=3)
    logits = fit(features, labels, settings(3))(torch.from_numpy(features))
    first = fit(features, (labels == 0).astype(int), settings())(torch.from_numpy(features))
    assert logits.shape == (90, 3)
    assert logits[:, 0].numpy() == pytest.approx(first[:, 0].numpy(), abs=0.02)


@pytest.mark.parametrize("num_classes", [2, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_forest_s_probabilities_are_those_of_scikit_learn(num_classes, weighted):
    features, labels = clouds(num_classes=num_classes)
    weights = tuple(range(1, num_classes + 1)) if weighted else None
    unseen = np.random.default_rng(1).normal(0.5, 1.5, features.shape).astype(np.float32)
    logits = fit_forest(features, labels, settings(num_classes, weights))(torch.from_numpy(unseen))
    by_class = None if weights is None else dict(enumerate(weights))
    grown = RandomForestClassifier(100, class_weight=by_class, random_state=4).fit(features, labels)
    assert probabilities_of(logits, num_classes).numpy() == pytest.approx(grown.predict_proba(unseen), abs=1e-5)


@pytest.mark.parametrize("layer", [KernelMachine.empty(5, 1), Forest.empty(1)])
def test_an_unfitted_layer_does_not_separate_the_classes(layer):
    assert layer(torch.ones(3, 5)).tolist() == [[0.0]] * 3


@pytest.mark.parametrize("fit", [fit_linear_machine, fit_rbf_machine, fit_forest])
def test_a_class_without_images(fit):
    features, labels = clouds()
    with pytest.raises(ClassifierInputError, match=r"no training images of class 2.*all 3 classes"):
        fit(features, labels, settings(3))


@pytest.mark.parametrize("num_classes", [2, 3])
@pytest.mark.parametrize("model", ["pixel_svm", "svm_on_cnn", "forest_on_cnn"])
def test_learns_saves_and_loads_like_any_other_model(train, unseen_pixels, tmp_path, write_bytes, model, num_classes):
    size = 16 if model == "pixel_svm" else 64
    pixels, labels = unseen_pixels(size, num_classes)
    first, again = (
        train(model, size=size, num_classes=num_classes, steps=4, augment=augment, recipe="published", num_workers=n)
        for augment, n in (("published", 1), ("published", 2))
    )
    probabilities = first.predict(pixels)
    assert probabilities.dtype == np.float32
    assert probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert np.array_equal(probabilities, again.predict(pixels))
    if model == "pixel_svm":
        assert (probabilities.argmax(axis=1) == labels).mean() > 0.9
        assert [row["step"] for row in first.history] == [0]
        assert first.steps_taken == first.best_step == 0
    file = tmp_path / "model.safetensors"
    save_classifier(first, file, tmp_path, write_bytes=write_bytes, probe=pixels, device=CPU, cache=None)
    loaded = load_classifier(file, tmp_path, CPU)
    assert np.array_equal(loaded.predict(pixels), probabilities)


def test_the_network_below_a_machine_is_the_one_of_its_own_model(train):
    alone, below = (train(model, size=64, steps=3, checks=1) for model in ("cnn_six_block", "svm_on_cnn"))
    assert alone.history == below.history
    weights = below.network.backbone.state_dict()
    assert all(torch.equal(tensor, weights[name]) for name, tensor in alone.network.backbone.state_dict().items())
    assert torch.equal(alone.network.head[6].weight, below.network.head[6].weight)


def test_heat_maps_of_a_forest_are_refused():
    features, labels = clouds()
    layer = fit_forest(features, labels, settings())
    with pytest.raises(ClassifierInputError, match="through a forest, whose output is piecewise constant"):
        layer(torch.from_numpy(features).requires_grad_(True))


def test_heat_maps_of_a_machine_on_a_network_and_of_one_on_pixels(train, unseen_pixels):
    pixels, labels = unseen_pixels(128)
    on_network = train("svm_on_cnn", size=128, steps=2, checks=1).network
    assert grad_cam(on_network, pixels[:2], labels[:2]).shape == (2, 128, 128)
    with pytest.raises(ClassifierInputError, match="need feature maps"):
        grad_cam(train("pixel_svm").network, unseen_pixels()[0], unseen_pixels()[1])


def test_pixel_svm_of_the_cuny_report_on_the_real_set(chest_xray_root):
    """Published 76.44 %, [[92, 142], [5, 385]]; their images were resized from larger ones, by another rule."""
    from PIL import Image

    def read(split):
        files = sorted((chest_xray_root / split).glob("*/*.jpeg"))
        images = [Image.open(file).convert("L").resize((50, 50), Image.Resampling.BILINEAR) for file in files]
        pixels = np.stack([np.asarray(image).ravel() for image in images]) / 255
        return pixels, np.array([file.parent.name == "PNEUMONIA" for file in files]).astype(np.int64)

    machine = fit_rbf_machine(*read("train"), settings())
    pixels, labels = read("test")
    predicted = (machine(torch.from_numpy(pixels))[:, 0] > 0).long().numpy()
    assert (predicted == labels).mean() == pytest.approx(0.761, abs=0.005)
