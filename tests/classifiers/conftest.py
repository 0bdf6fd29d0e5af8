"""Images that any classifier can separate, and a training that takes a moment."""

import numpy as np
import pytest
import torch

from classifiers.tensor_files import TensorCache
from classifiers.training.train import TrainingCallbacks, TrainingConfig, train_classifier


@pytest.fixture(autouse=True)
def small_networks(one_torch_thread):
    """Every test here trains small networks."""


def striped_images(count, size=16, num_classes=2, seed=0):
    """Noise with a bright band: class 0 has it at the top, class 1 in the middle (or evenly further down)."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % num_classes
    pixels = random.integers(0, 120, (count, size, size), dtype=np.uint8)
    for image, label in zip(pixels, labels, strict=True):
        start = label * size // num_classes
        image[start : start + size // 4] += 120
    return pixels, labels


@pytest.fixture
def train():
    """train(model, size=16, num_classes=2, seed=…, steps=…, …) on striped images, with anything else as given."""

    def run(model="baseline_cnn", *, size=16, num_classes=2, num_train=48, **given):
        train_pixels, train_labels = striped_images(num_train, size, num_classes)
        val_pixels, val_labels = striped_images(20, size, num_classes, seed=1)
        names = ("cache", "weights", "val_labels", "train_pixels", "train_labels", "train_is_synthetic")
        reports = {name: given.pop(name) for name in ("on_step", "on_check", "on_features") if name in given}
        device = torch.device(given.pop("device", "cpu"))
        passed_on = {name: given.pop(name) for name in names if name in given}
        config = {"steps": 6, "checks": 2, "batch_size": 8} | given
        arguments = {
            "train_pixels": train_pixels,
            "train_labels": train_labels,
            "val_pixels": val_pixels,
            "val_labels": val_labels,
            "num_classes": num_classes,
            "image_size_px": size,
            "weights": "none",
            "cache": None,
            "callbacks": TrainingCallbacks(**reports),
        }
        return train_classifier(model, **(arguments | passed_on), config=TrainingConfig(**config), device=device)

    return run


@pytest.fixture
def unseen_pixels():
    """(size) → images of both classes that no training has seen."""
    return lambda size=16, num_classes=2: striped_images(30, size, num_classes, seed=2)


def count_parameters(network):
    """(all, trained) as Keras counts them: running statistics of batch normalization are not trained."""
    statistics = [
        buffer
        for module in network.modules()
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm)
        for buffer in module.buffers(recurse=False)
        if buffer.is_floating_point()  # not torch's counter of batches, which Keras lacks
    ]
    parameters = list(network.parameters())
    total = sum(tensor.numel() for tensor in [*parameters, *statistics])
    return total, sum(parameter.numel() for parameter in parameters if parameter.requires_grad)


@pytest.fixture
def write_bytes():
    """A plain writer, where the program passes an atomic one."""

    def write(file, content):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    return write


@pytest.fixture
def tensor_cache(tmp_path, write_bytes):
    return TensorCache(tmp_path / "cache", write_bytes)


@pytest.fixture
def damage():
    """damage(file) flips one bit of the last tensor, and keeps the file's size."""

    def flip(file):
        content = bytearray(file.read_bytes())
        content[-3] ^= 4
        file.write_bytes(content)

    return flip


@pytest.fixture
def parameter_counts():
    return count_parameters
