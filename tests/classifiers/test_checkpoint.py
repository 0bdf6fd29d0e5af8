import dataclasses

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from classifiers.checkpoint import load_classifier, save_classifier
from classifiers.errors import ClassifierInputError
from classifiers.trained_classifier import TrainedClassifier

CPU = torch.device("cpu")


@pytest.fixture
def save(tmp_path, write_bytes):
    """save(trained, pixels, cell) → the files to which the classifier was saved, <cell>/model.safetensors first."""

    def run(trained, pixels, cell="cell"):
        file = tmp_path / cell / "model.safetensors"
        return save_classifier(
            trained,
            file,
            tmp_path / "backbones",
            write_bytes=write_bytes,
            probe=pixels,
            device=CPU,
            cache=None,
        )

    return run


def names_in(file):
    with safe_open(file, framework="pt") as content:
        return list(content.keys())


@pytest.mark.parametrize(("model", "size", "num_classes"), [("baseline_cnn", 16, 3), ("vgg16", 32, 2)])
def test_a_loaded_classifier_predicts_the_same(train, unseen_pixels, save, tmp_path, model, size, num_classes):
    pixels, _ = unseen_pixels(size, num_classes)
    trained = train(model, size=size, num_classes=num_classes, steps=3)
    files = save(trained, pixels)
    assert files[0] == tmp_path / "cell" / "model.safetensors"
    assert set(tmp_path.rglob("*.safetensors")) == set(files)
    loaded = load_classifier(tmp_path / "cell" / "model.safetensors", tmp_path / "backbones", CPU)
    assert np.array_equal(loaded.predict(pixels), trained.predict(pixels))
    for name in ("model_name", "num_classes", "image_size_px", "pretrained", "steps_taken", "best_step", "precision"):
        assert getattr(loaded, name) == getattr(trained, name)


def test_a_frozen_backbone_is_stored_once(train, unseen_pixels, save, tmp_path):
    pixels, _ = unseen_pixels(32)
    for seed in (0, 1):
        assert save(train("vgg16", size=32, steps=2, seed=seed), pixels, str(seed))
    (backbone,) = (tmp_path / "backbones").iterdir()
    assert all(name.startswith("backbone.") for name in names_in(backbone))
    for seed in (0, 1):
        assert all(name.startswith("head.") for name in names_in(tmp_path / str(seed) / "model.safetensors"))


def test_a_damaged_backbone_is_stored_again(train, unseen_pixels, save, tmp_path, damage):
    pixels, _ = unseen_pixels(32)
    trained = train("vgg16", size=32, steps=2)
    save(trained, pixels)
    (backbone,) = (tmp_path / "backbones").iterdir()
    damage(backbone)
    assert save(trained, pixels)
    load_classifier(tmp_path / "cell" / "model.safetensors", tmp_path / "backbones", CPU)


def test_a_network_trained_throughout_is_one_file(train, unseen_pixels, save, tmp_path):
    assert save(train(steps=2), unseen_pixels()[0])
    assert not (tmp_path / "backbones").exists()


class Deceiving(TrainedClassifier):
    """Predicts with more than its network, which alone is saved."""

    def predict(self, pixels, on_features=None):
        return super().predict(pixels)[:, ::-1] ** 2


def test_what_cannot_be_saved_leaves_no_file(train, unseen_pixels, save, tmp_path):
    trained = train(steps=2)
    fields = {field.name: getattr(trained, field.name) for field in dataclasses.fields(trained)}
    assert not save(Deceiving(**fields), unseen_pixels()[0])
    assert not list(tmp_path.rglob("*.safetensors"))


def test_files_that_do_not_load_are_errors_with_advice(train, unseen_pixels, save, tmp_path, damage):
    pixels, _ = unseen_pixels(32)
    file, backbones = tmp_path / "cell" / "model.safetensors", tmp_path / "backbones"
    with pytest.raises(ClassifierInputError, match=f"{file} of a saved classifier cannot be used"):
        load_classifier(file, backbones, CPU)
    save(train("vgg16", size=32, steps=2), pixels)
    whole = file.read_bytes()
    damage(file)
    with pytest.raises(ClassifierInputError, match=r"damaged: its SHA-256 .* or train the classifier again"):
        load_classifier(file, backbones, CPU)
    file.write_bytes(whole)
    (backbone,) = backbones.iterdir()
    save_file({"backbone.0.weight": torch.zeros(2)}, backbone)
    with pytest.raises(ClassifierInputError, match=f"{backbone} of a saved classifier"):
        load_classifier(file, backbones, CPU)
    backbone.unlink()
    with pytest.raises(ClassifierInputError, match=f"{backbone} of a saved classifier"):
        load_classifier(file, backbones, CPU)


def test_a_backbone_of_another_classifier_is_refused(train, unseen_pixels, save, tmp_path, write_bytes):
    from classifiers.tensor_files import write_tensors

    save(train("vgg16", size=32, steps=2), unseen_pixels(32)[0])
    (backbone,) = (tmp_path / "backbones").iterdir()
    write_tensors(backbone, {"backbone.0.weight": torch.zeros(2)}, write_bytes)
    with pytest.raises(ClassifierInputError, match="other tensors than those"):
        load_classifier(tmp_path / "cell" / "model.safetensors", tmp_path / "backbones", CPU)
