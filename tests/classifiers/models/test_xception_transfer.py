import sys

import numpy as np
import pytest
import torch

from classifiers.checkpoint import load_classifier, save_classifier
from classifiers.errors import ClassifierInputError
from classifiers.registry import build_model, check_model


def test_without_timm_the_message_names_its_installation(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    for check in (lambda: build_model("xception", 2, 256), lambda: check_model("xception", "none", 256, 2)):
        with pytest.raises(ClassifierInputError, match=r'pip install "ganbal\[timm\]"'):
            check()


def test_parameters_of_keras_xception_with_its_head(parameter_counts):
    pytest.importorskip("timm")
    # Keras' Xception without its top has 20,861,480, and so has timm's. The head by hand.
    head = (8 * 8 * 2048 + 1) * 128 + 129
    assert parameter_counts(build_model("xception", 2, 256)) == (20_861_480 + head, head)


def test_takes_gray_values_as_they_are():
    pytest.importorskip("timm")
    images = build_model("xception", 2, 64).normalize(torch.full((1, 64, 64), 51, dtype=torch.uint8))
    assert images.shape == (1, 3, 64, 64)
    assert images.unique().tolist() == pytest.approx([51.0])


def test_a_file_of_the_whole_network_fills_it(tmp_path):
    timm = pytest.importorskip("timm")
    whole = timm.create_model("legacy_xception", pretrained=False).state_dict()
    torch.save(whole, tmp_path / "whole.pth")
    filled = build_model("xception", 2, 64, str(tmp_path / "whole.pth")).backbone.state_dict()
    assert all(torch.equal(tensor, whole[name]) for name, tensor in filled.items())
    torch.save({"weight": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(ClassifierInputError, match="timm's state_dict of xception"):
        check_model("xception", str(tmp_path / "other.pth"), 64, 2)


def test_trains_saves_and_loads(train, unseen_pixels, tmp_path, write_bytes):
    pytest.importorskip("timm")
    pixels, _ = unseen_pixels(64)
    trained = train("xception", size=64, steps=2, num_train=8)
    file, cpu = tmp_path / "model.safetensors", torch.device("cpu")
    save_classifier(trained, file, tmp_path, write_bytes=write_bytes, probe=pixels, device=cpu, cache=None)
    loaded = load_classifier(file, tmp_path, cpu)
    assert np.array_equal(loaded.predict(pixels), trained.predict(pixels))
