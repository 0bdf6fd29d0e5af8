"""A fixed number of augmented versions per image, tried on VGG16 without its weights at 32 px."""

import numpy as np
import pytest
import torch

from classifiers.errors import ClassifierInputError
from classifiers.registry import build_model
from classifiers.training import network_inputs as inputs_module
from classifiers.training.augmentation import build_augmentation
from classifiers.training.augmented_versions import AugmentedVersions
from classifiers.training.batches import Examples, versioned_batches
from classifiers.training.config import TrainingConfig
from classifiers.training.feature_cache import image_digests
from classifiers.training.network_inputs import NetworkInputs

VERSIONS = AugmentedVersions("zoom-vertical-flip", 3)


def some_images(count, seed=0, size=32):
    return np.random.default_rng(seed).integers(0, 256, (count, size, size), dtype=np.uint8)


@pytest.fixture
def inputs(tensor_cache):
    """() → new inputs of the same backbone with the same folder of features."""
    network = build_model("vgg16", 2, 32)
    return lambda: NetworkInputs.of(network, "vgg16", 32, torch.device("cpu"), tensor_cache, "float32")


def test_features_of_versions_are_those_of_the_augmented_images(inputs):
    pixels, made = some_images(5), VERSIONS.maker()
    digests = image_digests(pixels)
    features = inputs().prepare_versions(pixels, VERSIONS)
    assert features.shape[0] == 15
    for version in range(3):
        directly = np.stack([made(image, digest, version) for image, digest in zip(pixels, digests, strict=True)])
        assert torch.equal(features[5 * version : 5 * version + 5], inputs().prepare(directly))
    assert len({row.numpy().tobytes() for row in features}) > 10, "versions differ (few look alike)"


def test_a_version_is_the_augmentation_seeded_by_content_and_number():
    image = some_images(1)[0]
    digest = image_digests(image[None])[0]
    words = np.frombuffer(digest, dtype=np.uint32).tolist()
    expected = build_augmentation("zoom-vertical-flip")(image, (2, *words))
    assert np.array_equal(VERSIONS.maker()(image, digest, 2), expected)
    other = AugmentedVersions("anatomical", 3)
    assert not np.array_equal(other.maker()(image, digest, 2), expected)
    assert other.fingerprint() != VERSIONS.fingerprint()


def test_other_sets_and_more_versions_find_what_is_stored(inputs):
    pixels = some_images(4)
    first = inputs().prepare_versions(pixels, VERSIONS)
    more = np.concatenate([some_images(2, seed=1), pixels[::-1]])
    assert inputs().count_missing(more, VERSIONS).tolist() == [3, 3, 0, 0, 0, 0]
    assert inputs().count_missing(more, AugmentedVersions("zoom-vertical-flip", 4)).tolist() == [4, 4, 1, 1, 1, 1]
    assert inputs().count_missing(more, AugmentedVersions("anatomical", 3)).tolist() == [3] * 6
    assert inputs().count_missing(more).tolist() == [1] * 6
    calls = []
    features = inputs().prepare_versions(more, VERSIONS, lambda done, total: calls.append((done, total)))
    assert calls == [(6, 6)]
    assert torch.equal(features[2:6].flip(0), first[:4])


def test_an_interruption_keeps_the_pieces_that_are_done(inputs, monkeypatch):
    monkeypatch.setitem(inputs_module._IMAGES_PER_FILE, "cpu", 4)
    monkeypatch.setitem(inputs_module._BATCH_SIZE, "cpu", 4)
    pixels = some_images(6)

    def stop_at_eight(done, total):
        assert total == 18
        if done > 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        inputs().prepare_versions(pixels, VERSIONS, stop_at_eight)
    assert inputs().count_missing(pixels, VERSIONS).sum() == 18 - 8
    continued = inputs().prepare_versions(pixels, VERSIONS)
    monkeypatch.undo()
    assert torch.equal(continued, inputs().prepare_versions(pixels, VERSIONS))


def test_too_many_versions_for_the_memory_are_refused(inputs, monkeypatch):
    monkeypatch.setattr(inputs_module, "MAX_FEATURE_BYTES", 3 * 4 * 512 * 4)
    inputs().prepare_versions(some_images(4), VERSIONS)
    with pytest.raises(ClassifierInputError, match=r"3 augmented versions of 5 images.*Use fewer versions"):
        inputs().count_missing(some_images(5), VERSIONS)


def test_every_epoch_takes_each_image_once_in_a_random_version():
    images, versions = 8, 3
    number = torch.arange(images * versions)
    examples = Examples(number[:, None], torch.arange(images).repeat(versions))
    config = TrainingConfig(steps=60, batch_size=4, seed=1)

    def rows(config):
        batches = list(versioned_batches(examples, versions, config))
        assert all(torch.equal(inputs[:, 0] % images, labels) for inputs, labels in batches)
        return torch.cat([inputs[:, 0] for inputs, _ in batches])

    chosen = rows(config)
    assert all(sorted(epoch.tolist()) == list(range(images)) for epoch in (chosen % images).view(-1, images))
    counts = torch.bincount(chosen, minlength=images * versions)
    assert (counts > 0).all(), "30 epochs use all three versions of every image"
    assert torch.equal(rows(config), chosen)
    assert not torch.equal(rows(TrainingConfig(steps=60, batch_size=4, seed=2)), chosen)


def test_training_on_versions_repeats_itself_and_needs_no_backbone_again(train, tensor_cache):
    settings = {"size": 32, "augment": "published", "augmented_versions": 2, "cache": tensor_cache}
    progress = []
    report = {"on_features": lambda done, total: progress.append(total)}
    first = train("vgg16", **settings, **report)
    assert progress and max(progress) == 96, "48 images in two versions"
    progress.clear()
    again = train("vgg16", **settings, **report)
    assert progress == []
    assert first.history == again.history
    every_epoch = train("vgg16", **settings | {"augmented_versions": 0})
    assert every_epoch.history != first.history


def test_networks_that_are_trained_whole_are_augmented_in_every_epoch(train):
    with_versions, without = (train(size=32, augment="published", augmented_versions=number) for number in (2, 0))
    assert with_versions.history == without.history
