"""VGG16 with real weights against a NumPy implementation written from the paper's table (Simonyan & Zisserman 2015)."""

import numpy as np
import pytest
import torch
from PIL import Image

from classifiers.registry import build_model

CONFIGURATION_D = [
    64,
    64,
    "pool",
    128,
    128,
    "pool",
    256,
    256,
    256,
    "pool",
    512,
    512,
    512,
    "pool",
    512,
    512,
    512,
    "pool",
]
SIZE_PX = 64


def convolution(maps, kernels, biases):
    """3×3, zero padding, in float64: (C, H, W) to (K, H, W)."""
    _, height, width = maps.shape
    padded = np.pad(maps, ((0, 0), (1, 1), (1, 1)))
    return biases[:, None, None] + sum(
        np.einsum("kc,chw->khw", kernels[:, :, row, column], padded[:, row : row + height, column : column + width])
        for row in range(3)
        for column in range(3)
    )


def features_by_numpy(pixels, weights):
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    maps = (pixels[None] / 255 - mean[:, None, None]) / std[:, None, None]
    tensors = iter(sorted({int(name.split(".")[0]) for name in weights}))
    for layer in CONFIGURATION_D:
        if layer == "pool":
            channels, height, width = maps.shape
            maps = maps.reshape(channels, height // 2, 2, width // 2, 2).max(axis=(2, 4))
        else:
            number = next(tensors)
            kernels, biases = (weights[f"{number}.{part}"].double().numpy() for part in ("weight", "bias"))
            assert kernels.shape[0] == layer
            maps = np.maximum(convolution(maps, kernels, biases), 0)
    return maps.ravel()


def test_frozen_features_of_one_radiograph(shared_weights, chest_xray_root):
    file = shared_weights / "vgg16_imagenet_features.pth"
    image = Image.open(sorted((chest_xray_root / "test" / "NORMAL").glob("*.jpeg"))[0])
    pixels = np.asarray(image.convert("L").resize((SIZE_PX, SIZE_PX)))
    network = build_model("vgg16", 2, SIZE_PX, str(file)).eval()
    with torch.no_grad():
        ours = network.features(torch.from_numpy(pixels.copy())[None])[0].numpy()
    weights = torch.load(file, map_location="cpu", weights_only=True)
    expected = features_by_numpy(pixels, {name.removeprefix("features."): tensor for name, tensor in weights.items()})
    assert len(expected) == 512 * 2 * 2
    assert expected.max() > 1
    assert ours == pytest.approx(expected, rel=1e-3, abs=1e-4 * expected.max())
