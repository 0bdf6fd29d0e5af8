"""Matching, selection and copies of RGB images."""

import numpy as np
import pytest
import torch

from ganbal.synthesis.manifest import SyntheticImages
from ganbal.synthesis.matching import match
from ganbal.synthesis.rejection import CopyFilter
from ganbal.synthesis.selection import cross_fitted_ranks

CPU = torch.device("cpu")


def images(count, color=(120, 90, 60), seed=0, size=32):
    noise = np.random.default_rng(seed).integers(-30, 31, (count, size, size, 3))
    return (np.array(color) + noise).astype(np.uint8)


def test_each_channel_is_matched_by_itself():
    synthetic, real = images(6, (60, 60, 60)), images(8, (150, 100, 50), seed=1)
    matched = match(synthetic, real, ["spectrum", "intensity"])
    assert matched.shape == synthetic.shape and matched.dtype == np.uint8
    for channel in range(3):
        alone = match(synthetic[..., channel], real[..., channel], ["spectrum", "intensity"])
        np.testing.assert_array_equal(matched[..., channel], alone)
    np.testing.assert_allclose(matched.mean(axis=(0, 1, 2)), real.mean(axis=(0, 1, 2)), atol=1)


def test_candidates_in_a_wrong_color_are_the_easiest_to_separate(one_torch_thread):
    """Half of the candidates have another color of the same luma."""
    real = images(60, (150, 67, 103))
    candidates = np.concatenate([images(30, (150, 67, 103), seed=1), images(30, (60, 120, 67), seed=2)])
    ranks = cross_fitted_ranks(candidates, real, seed=0, device=CPU)
    assert ranks[:30].mean() < ranks[30:].mean() - 0.3


def test_copies_are_found_in_color():
    real = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 3), dtype=np.uint8).repeat(4, axis=1).repeat(4, axis=2)
    new = np.random.default_rng(1).integers(0, 256, (4, 8, 8, 3), dtype=np.uint8).repeat(4, axis=1).repeat(4, axis=2)
    is_copy = CopyFilter.from_images(real, None, device=CPU).is_copy(np.concatenate([real[:3], new]))
    assert is_copy.tolist() == [True] * 3 + [False] * 4


@pytest.mark.parametrize("size", [32, 20])
def test_synthetic_images_are_resized_in_color(size):
    pixels = images(3)
    names = ["a", "b", "c"]
    assert SyntheticImages(pixels, names, names, "").resized(size).shape == (3, size, size, 3)
