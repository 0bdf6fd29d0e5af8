import numpy as np
import pytest
import torch

from classifiers.training.feature_cache import FeatureCache, image_digests


def digests_of(*values):
    return image_digests(np.stack([np.full((4, 4), value, dtype=np.uint8) for value in values]))


@pytest.fixture(params=["disk", "memory"])
def files(request, tensor_cache):
    return tensor_cache if request.param == "disk" else None


def test_features_are_found_by_content_in_any_order(files):
    cache = FeatureCache(files)
    cache.add(digests_of(1, 2), torch.tensor([[1.0, 10.0], [2.0, 20.0]]))
    cache.add(digests_of(3), torch.tensor([[3.0, 30.0]]))
    assert cache.gather(digests_of(3, 1, 3, 2)).tolist() == [[3, 30], [1, 10], [3, 30], [2, 20]]


def test_missing_images_are_named_once_each(files):
    cache = FeatureCache(files)
    cache.add(digests_of(1), torch.zeros(1, 2))
    assert cache.missing(digests_of(5, 1, 4, 5)) == digests_of(5, 4)


def test_another_cache_on_the_same_folder_finds_them(tensor_cache):
    features = torch.randn(2, 3, dtype=torch.bfloat16)
    FeatureCache(tensor_cache).add(digests_of(1, 2), features)
    again = FeatureCache(tensor_cache)
    assert again.missing(digests_of(1, 2, 3)) == digests_of(3)
    assert torch.equal(again.gather(digests_of(2, 1)), features.flip(0))


def test_a_damaged_file_is_computed_again(tensor_cache, damage):
    FeatureCache(tensor_cache).add(digests_of(1, 2), torch.zeros(2, 50))
    FeatureCache(tensor_cache).add(digests_of(3), torch.ones(1, 50))
    first, second = sorted(tensor_cache.folder.iterdir(), key=lambda file: -file.stat().st_size)
    damage(first)
    cache = FeatureCache(tensor_cache)
    assert cache.missing(digests_of(1, 2, 3)) == digests_of(1, 2)
    cache.add(digests_of(1, 2), torch.ones(2, 50))
    assert FeatureCache(tensor_cache).gather(digests_of(1, 2, 3)).sum() == 150
    assert second.is_file()


def test_digest_is_of_the_bytes_of_one_image():
    images = np.random.default_rng(0).integers(0, 256, (3, 8, 8), dtype=np.uint8)
    assert image_digests(images[::2]) == [image_digests(images)[0], image_digests(images)[2]]
    assert image_digests(images[:, ::-1])[0] != image_digests(images)[0]
