import dataclasses

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from classifiers.checkpoint import keep_classifier, load_kept_classifier
from classifiers.errors import ClassifierInputError
from classifiers.trained_classifier import TrainedClassifier

CPU = torch.device("cpu")


def keep(trained, folder, pixels, cell="cell"):
    return keep_classifier(
        trained, folder / cell / "model.safetensors", folder / "backbones", probe=pixels, device=CPU, feature_cache=None
    )


def names_in(file):
    with safe_open(file, framework="pt") as content:
        return list(content.keys())


@pytest.mark.parametrize(("model", "size", "num_classes"), [("baseline_cnn", 16, 3), ("vgg16", 32, 2)])
def test_kept_and_loaded_predicts_the_same(train, unseen_pixels, tmp_path, model, size, num_classes):
    pixels, _ = unseen_pixels(size, num_classes)
    trained = train(model, size=size, num_classes=num_classes, steps=3)
    assert keep(trained, tmp_path, pixels)
    loaded = load_kept_classifier(tmp_path / "cell" / "model.safetensors", tmp_path / "backbones", CPU)
    assert np.array_equal(loaded.predict(pixels), trained.predict(pixels))
    for name in ("model_name", "num_classes", "image_size_px", "pretrained", "best_step"):
        assert getattr(loaded, name) == getattr(trained, name)


def test_a_frozen_backbone_lies_on_disk_once(train, unseen_pixels, tmp_path):
    pixels, _ = unseen_pixels(32)
    for seed in (0, 1):
        assert keep(train("vgg16", size=32, steps=2, seed=seed), tmp_path, pixels, str(seed))
    (backbone,) = (tmp_path / "backbones").iterdir()
    assert all(name.startswith("backbone.") for name in names_in(backbone))
    for seed in (0, 1):
        assert all(name.startswith("head.") for name in names_in(tmp_path / str(seed) / "model.safetensors"))


def test_a_network_trained_throughout_is_one_file(train, unseen_pixels, tmp_path):
    assert keep(train(steps=2), tmp_path, unseen_pixels()[0])
    assert not (tmp_path / "backbones").exists()


class Refusing(TrainedClassifier):
    def save(self, file):
        raise ClassifierInputError(expected="a network", found="a forest", action="Train it again.")


class Deceiving(TrainedClassifier):
    """Answers with more than its network, which alone would be kept."""

    def predict(self, pixels):
        return super().predict(pixels)[:, ::-1] ** 2


@pytest.mark.parametrize("kind", [Refusing, Deceiving])
def test_what_cannot_be_kept_leaves_no_file(train, unseen_pixels, tmp_path, kind):
    trained = train(steps=2)
    fields = {field.name: getattr(trained, field.name) for field in dataclasses.fields(trained)}
    assert not keep(kind(**fields), tmp_path, unseen_pixels()[0])
    assert not list(tmp_path.rglob("*.safetensors"))


def test_files_that_do_not_load(train, unseen_pixels, tmp_path):
    pixels, _ = unseen_pixels(32)
    file, backbones = tmp_path / "cell" / "model.safetensors", tmp_path / "backbones"
    with pytest.raises(ClassifierInputError, match=f"part of a kept classifier in {file}; found none"):
        load_kept_classifier(file, backbones, CPU)
    keep(train("vgg16", size=32, steps=2), tmp_path, pixels)
    (backbone,) = backbones.iterdir()
    save_file({"backbone.0.weight": torch.zeros(2)}, backbone)
    with pytest.raises(ClassifierInputError, match="found others"):
        load_kept_classifier(file, backbones, CPU)
    backbone.unlink()
    with pytest.raises(ClassifierInputError, match=f"kept classifier in {backbone}"):
        load_kept_classifier(file, backbones, CPU)
