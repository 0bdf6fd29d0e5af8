import numpy as np
import pytest
import torch

from classifiers.training.feature_store import FeatureStore, image_digests


def digests_of(*values):
    return image_digests(np.stack([np.full((4, 4), value, dtype=np.uint8) for value in values]))


@pytest.fixture(params=["disk", "memory"])
def folder(request, tmp_path):
    return tmp_path / "features" if request.param == "disk" else None


def test_features_are_found_by_content_in_any_order(folder):
    store = FeatureStore(folder)
    store.add(digests_of(1, 2), torch.tensor([[1.0, 10.0], [2.0, 20.0]]))
    store.add(digests_of(3), torch.tensor([[3.0, 30.0]]))
    assert store.gather(digests_of(3, 1, 3, 2)).tolist() == [[3, 30], [1, 10], [3, 30], [2, 20]]


def test_unknown_images_are_named_once_each(folder):
    store = FeatureStore(folder)
    store.add(digests_of(1), torch.zeros(1, 2))
    assert store.unknown(digests_of(5, 1, 4, 5)) == digests_of(5, 4)


def test_another_store_on_the_same_folder_finds_them(tmp_path):
    features = torch.randn(2, 3, dtype=torch.bfloat16)
    FeatureStore(tmp_path).add(digests_of(1, 2), features)
    again = FeatureStore(tmp_path)
    assert again.unknown(digests_of(1, 2, 3)) == digests_of(3)
    assert torch.equal(again.gather(digests_of(2, 1)), features.flip(0))


def test_a_damaged_file_counts_as_not_there(tmp_path):
    FeatureStore(tmp_path).add(digests_of(1), torch.zeros(1, 50))
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-20])
    store = FeatureStore(tmp_path)
    assert store.unknown(digests_of(1)) == digests_of(1)
    store.add(digests_of(1), torch.ones(1, 50))
    assert FeatureStore(tmp_path).gather(digests_of(1)).sum() == 50


def test_digest_is_of_the_bytes_of_one_image():
    images = np.random.default_rng(0).integers(0, 256, (3, 8, 8), dtype=np.uint8)
    assert image_digests(images[::2]) == [image_digests(images)[0], image_digests(images)[2]]
    assert image_digests(images[:, ::-1])[0] != image_digests(images)[0]
