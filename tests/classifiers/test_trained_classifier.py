import numpy as np
import pytest
import torch

from classifiers.errors import ClassifierInputError
from classifiers.trained_classifier import load_classifier

CPU = torch.device("cpu")


@pytest.mark.parametrize(("model", "size", "num_classes"), [("baseline_cnn", 16, 3), ("vgg16", 32, 2)])
def test_saved_and_loaded_predicts_the_same(train, unseen_pixels, tmp_path, model, size, num_classes):
    pixels, _ = unseen_pixels(size, num_classes)
    trained = train(model, size=size, num_classes=num_classes, steps=4)
    trained.save(tmp_path / "cell" / "weights.safetensors")
    loaded = load_classifier(tmp_path / "cell" / "weights.safetensors", CPU)
    assert np.array_equal(loaded.predict(pixels), trained.predict(pixels))
    for name in ("model_name", "num_classes", "image_size_px", "pretrained", "steps_taken", "best_step", "precision"):
        assert getattr(loaded, name) == getattr(trained, name)
    assert [file.name for file in (tmp_path / "cell").iterdir()] == ["weights.safetensors"]


def test_predictions_do_not_depend_on_the_images_around(train, unseen_pixels):
    pixels, _ = unseen_pixels()
    trained = train(steps=3)
    assert trained.predict(pixels)[:3] == pytest.approx(trained.predict(pixels[:3]), abs=1e-2)


def test_images_of_another_size_are_refused(train):
    with pytest.raises(ClassifierInputError, match=r"uint8 \(N, 16, 16\); found uint8 \(2, 20, 20\)"):
        train(steps=1).predict(np.zeros((2, 20, 20), np.uint8))


def test_files_that_hold_no_classifier(tmp_path, train):
    text = tmp_path / "text.safetensors"
    text.write_text("not tensors")
    stranger = tmp_path / "stranger.safetensors"
    from safetensors.torch import save_file

    save_file({"weight": torch.zeros(2)}, stranger)
    for file in (tmp_path / "missing.safetensors", text, stranger):
        with pytest.raises(ClassifierInputError, match=f"a trained classifier in {file}; found none"):
            load_classifier(file, CPU)
