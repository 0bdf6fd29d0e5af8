"""Classifiers on RGB images: networks of three channels see colors, those published for gray images see luma."""

import numpy as np
import pytest
import torch
from PIL import Image

from classifiers.checkpoint import load_classifier, save_classifier
from classifiers.errors import ClassifierInputError
from classifiers.evaluation.grad_cam import grad_cam
from classifiers.pixels import channels_first, channels_last, num_channels, to_gray
from classifiers.registry import build_model
from classifiers.training.augmentation import AUGMENTATIONS, build_augmentation, build_move_sampler
from classifiers.training.batches import augmented_batches
from classifiers.training.config import TrainingConfig
from classifiers.training.device_augmentation import move_images
from classifiers.training.train import train_classifier

CPU = torch.device("cpu")
# Of equal luma: 0.299·130 + 0.587·60 + 0.114·60 = 80.9 and 0.299·60 + 0.587·93 + 0.114·74 = 81.0.
COLORS = np.array([[130, 60, 60], [60, 93, 74]])


def colored(count, size=16, seed=0):
    """Noise around one of two colors of the same luma."""
    labels = np.arange(count) % 2
    noise = np.random.default_rng(seed).integers(-40, 41, (count, size, size, 1))
    return (COLORS[labels][:, None, None] + noise).astype(np.uint8), labels


def trained(model, size=16, **settings):
    train_pixels, train_labels = colored(48, size)
    val_pixels, val_labels = colored(20, size, seed=1)
    return train_classifier(
        model,
        train_pixels=train_pixels,
        train_labels=train_labels,
        val_pixels=val_pixels,
        val_labels=val_labels,
        num_classes=2,
        image_size_px=size,
        weights="none",
        config=TrainingConfig(**({"steps": 12, "checks": 2, "batch_size": 8, "learning_rate": 3e-3} | settings)),
        device=CPU,
        cache=None,
    )


def accuracy(classifier, size=16):
    pixels, labels = colored(60, size, seed=2)
    return (classifier.predict(pixels).argmax(axis=1) == labels).mean()


def test_layouts_by_hand():
    pixels = torch.tensor([[[[1, 2, 3], [4, 5, 6]]]])  # one image of one row and two columns
    assert channels_first(pixels).tolist() == [[[[1, 4]], [[2, 5]], [[3, 6]]]]
    assert torch.equal(channels_last(channels_first(pixels)), pixels)
    gray = torch.tensor([[[1, 2]]])
    assert channels_first(gray).tolist() == [[[[1, 2]]]]
    assert torch.equal(channels_last(channels_first(gray)), gray)
    assert (num_channels(pixels), num_channels(gray)) == (3, 1)


def test_luma_is_that_of_pil():
    pixels = np.random.default_rng(0).integers(0, 256, (4, 9, 9, 3), dtype=np.uint8)
    expected = np.stack([np.asarray(Image.fromarray(image).convert("L")) for image in pixels])
    found = to_gray(channels_first(torch.from_numpy(pixels)).float())[:, 0]
    assert np.abs(found.numpy() - expected).max() <= 0.51


def test_three_equal_channels_give_what_one_gives():
    gray = np.random.default_rng(0).integers(0, 256, (5, 64, 64), dtype=np.uint8)
    for name in ("baseline_cnn", "cnn_256", "cnn_six_block", "pixel_svm", "transfer:squeezenet1_1"):
        network = build_model(name, 2, 64).eval()
        with torch.inference_mode():
            one, three = (network.features(torch.from_numpy(p)) for p in (gray, np.repeat(gray[..., None], 3, axis=3)))
        torch.testing.assert_close(one, three, atol=1e-4, rtol=1e-4)


def test_normalization_of_colors_by_hand():
    network = build_model("transfer:squeezenet1_1", 2, 32)
    pixel = torch.tensor([255, 51, 0], dtype=torch.uint8).expand(1, 32, 32, 3)
    values = network.normalize(pixel)[0, :, 0, 0]
    expected = [(1 - 0.485) / 0.229, (0.2 - 0.456) / 0.224, (0 - 0.406) / 0.225]
    torch.testing.assert_close(values, torch.tensor(expected))


def test_a_network_of_three_channels_separates_colors_of_equal_luma():
    assert accuracy(trained("cnn_64", steps=30)) > 0.9


@pytest.mark.parametrize("model", ["pixel_svm", "cnn_256"])
def test_models_published_for_gray_images_see_luma_only(model):
    assert 0.2 < accuracy(trained(model)) < 0.8


def test_a_saved_classifier_keeps_its_channels(tmp_path):
    classifier, (pixels, _) = trained("baseline_cnn", steps=2), colored(16)
    assert classifier.channels == 3
    file = tmp_path / "model.safetensors"
    write = lambda path, content: path.write_bytes(content)  # noqa: E731
    assert save_classifier(classifier, file, tmp_path, write_bytes=write, probe=pixels, device=CPU, cache=None)
    loaded = load_classifier(file, tmp_path, CPU)
    assert loaded.channels == 3
    np.testing.assert_allclose(loaded.predict(pixels), classifier.predict(pixels), atol=1e-5)
    with pytest.raises(ClassifierInputError, match=r"uint8 \(N, 16, 16, 3\)"):
        loaded.predict(pixels[..., 0])


def test_gray_and_color_are_not_mixed():
    pixels, labels = colored(16)
    with pytest.raises(ClassifierInputError, match=r"uint8 \(N, 16, 16, 3\)"):
        train_classifier(
            "baseline_cnn",
            train_pixels=pixels,
            train_labels=labels,
            val_pixels=pixels[..., 0],
            val_labels=labels,
            num_classes=2,
            image_size_px=16,
            weights="none",
            config=TrainingConfig(steps=1),
            device=CPU,
            cache=None,
        )


def test_heat_maps_have_the_size_of_the_images():
    network = build_model("baseline_cnn", 2, 32)
    pixels, labels = colored(4, 32)
    heat = grad_cam(network, pixels, labels)
    assert heat.shape == (4, 32, 32) and 0 <= heat.min() <= heat.max() <= 1


@pytest.mark.parametrize("name", [name for name in AUGMENTATIONS if name != "none"])
def test_augmentation_moves_all_channels_alike(name):
    gray = np.random.default_rng(0).integers(0, 256, (20, 20), dtype=np.uint8)
    changed = build_augmentation(name)(np.stack([gray, gray, 255 - gray], axis=-1), (1, 2, 3))
    np.testing.assert_array_equal(changed[..., 0], build_augmentation(name)(gray, (1, 2, 3)))
    np.testing.assert_array_equal(changed[..., 0], changed[..., 1])
    assert np.abs(changed[..., 2].astype(int) - (255 - changed[..., 0].astype(int))).max() <= 1


def test_the_device_moves_all_channels_alike():
    gray = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (3, 20, 20), dtype=np.uint8))
    sampler = build_move_sampler("anatomical")
    moves = torch.from_numpy(sampler.sample(20, [(0, 0, n) for n in range(3)]).astype(np.float32))
    moved = move_images(torch.stack([gray, gray], dim=-1).repeat(1, 1, 1, 2)[..., :3], moves, mirrored_edges=False)
    expected = move_images(gray, moves, mirrored_edges=False)
    for channel in range(3):
        assert torch.equal(moved[..., channel], expected)


@pytest.mark.parametrize("place", ["host", "device"])
def test_augmented_batches_of_color_images(place):
    pixels, labels = colored(12)
    config = TrainingConfig(steps=3, batch_size=4, augment="anatomical", augment_on=place)
    batches = list(augmented_batches(pixels, torch.from_numpy(labels), config))
    assert [(batch.shape, batch.dtype) for batch, _ in batches] == [((4, 16, 16, 3), torch.uint8)] * 3
