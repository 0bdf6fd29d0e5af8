from dataclasses import replace

import numpy as np
import torch

from classifiers.registry import build_model, is_start_of_several
from classifiers.training.network_cache import load_trained, training_digest
from classifiers.training.train import TrainingCallbacks, TrainingConfig, train_classifier

CPU = torch.device("cpu")
CONFIG = TrainingConfig(steps=3, checks=1, batch_size=4, num_workers=1)


def images():
    random = np.random.default_rng(0)
    return random.integers(0, 256, (12, 64, 64), dtype=np.uint8), np.arange(12) % 2


def train(name, folder, config=CONFIG, steps=None):
    """Train the model; `steps` collects one entry per optimizer step."""
    pixels, labels = images()
    on_step = (lambda count: None) if steps is None else steps.append
    return train_classifier(
        name,
        train_pixels=pixels,
        train_labels=labels,
        val_pixels=pixels[:4],
        val_labels=labels[:4],
        num_classes=2,
        image_size_px=64,
        weights="none",
        config=config,
        device=CPU,
        cache=folder,
        callbacks=TrainingCallbacks(on_step=on_step),
    )


def test_models_on_one_network_train_it_once(tensor_cache):
    alone = train("svm_on_cnn", None)
    steps = []
    first, second = train("cnn_six_block", tensor_cache), train("svm_on_cnn", tensor_cache, steps=steps)
    assert steps == []
    pixels, _ = images()
    assert np.array_equal(alone.predict(pixels), second.predict(pixels))
    assert not np.array_equal(first.predict(pixels), second.predict(pixels))
    assert (second.history, second.steps_taken, second.best_step) == (alone.history, 3, first.best_step)


def test_another_seed_or_other_images_are_another_training(tensor_cache):
    steps = []
    train("cnn_six_block", tensor_cache)
    train("cnn_six_block", tensor_cache, replace(CONFIG, seed=1), steps)
    assert len(steps) == 3
    pixels, labels = images()
    digests = {
        training_digest("a", CONFIG, [pixels, labels]),
        training_digest("b", CONFIG, [pixels, labels]),
        training_digest("a", CONFIG, [pixels[::-1], labels]),
        training_digest("a", CONFIG, [pixels, labels], "imagenet"),
        training_digest("a", replace(CONFIG, class_weights=(1.0, 2.0)), [pixels, labels]),
    }
    assert len(digests) == 5
    assert training_digest("a", replace(CONFIG, num_workers=2), [pixels, labels]) in digests


def test_a_damaged_file_is_trained_again_with_the_same_result(tensor_cache, damage):
    pixels, _ = images()
    steps = []
    expected = train("cnn_six_block", tensor_cache).predict(pixels)
    (file,) = (tensor_cache.folder / "trained_networks").iterdir()
    damage(file)
    assert np.array_equal(train("cnn_six_block", tensor_cache, steps=steps).predict(pixels), expected)
    assert len(steps) == 3


def test_a_missing_file_leaves_the_network_as_it_was(tensor_cache):
    network = build_model("cnn_six_block", 2, 64)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    assert load_trained(tensor_cache, "missing", network) is None
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_only_networks_that_several_models_share_are_stored():
    assert [name for name in ("cnn_six_block", "forest_on_cnn", "baseline_cnn") if is_start_of_several(name)] == [
        "cnn_six_block",
        "forest_on_cnn",
    ]
