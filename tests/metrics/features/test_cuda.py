"""Features and distances are the same numbers on CUDA as on the CPU, up to rounding."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from ganbal.metrics.features.extractor import embed_images
from ganbal.metrics.features.inception import inception_extractor
from ganbal.metrics.features.thumbnails import thumbnail_extractor
from ganbal.metrics.features.untrained import untrained_extractor
from ganbal.metrics.kid import kernel_distance
from ganbal.metrics.memorization.authenticity import authenticity
from ganbal.metrics.neighbors import nearest
from ganbal.metrics.precision_recall import precision, recall

pytestmark = pytest.mark.gpu
CPU, CUDA = torch.device("cpu"), torch.device("cuda")


def test_features_are_equal_up_to_float32_rounding(draw_chests: Callable, random_inception_file: Path) -> None:
    images = draw_chests(8, 64, 0)
    for make in (
        untrained_extractor,
        thumbnail_extractor,
        lambda device: inception_extractor(random_inception_file, 768, "pytorch-fid", device),
    ):
        expected, found = (embed_images(images, make(device)) for device in (CPU, CUDA))
        scale = np.abs(expected).max()
        # TF32 would be wrong in the third digit.
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * scale)


@pytest.mark.parametrize("same_set", [False, True])
def test_neighbors_are_the_same(same_set: bool) -> None:
    rng = np.random.default_rng(0)
    base = rng.normal(size=(3000, 40)).astype(np.float32)
    queries = base if same_set else rng.normal(size=(1500, 40)).astype(np.float32)
    expected, found = (nearest(queries, base, 5, same_set=same_set, device=device) for device in (CPU, CUDA))
    np.testing.assert_array_equal(found.rows, expected.rows)
    np.testing.assert_allclose(found.distances, expected.distances, rtol=1e-9)


def test_scores_are_the_same() -> None:
    rng = np.random.default_rng(0)
    real, synthetic = (rng.normal(0.1 * i, 1, size=(700, 30)).astype(np.float32) for i in range(2))
    for score in (precision, recall):
        assert score(real, synthetic, device=CUDA) == score(real, synthetic)
    assert authenticity(synthetic, real, CUDA) == authenticity(synthetic, real)
    expected, found = (
        kernel_distance(real, synthetic, generator=np.random.default_rng(0), device=device) for device in (CPU, CUDA)
    )
    assert found.value == pytest.approx(expected.value, rel=1e-9)
    np.testing.assert_allclose(found.subset_values, expected.subset_values, rtol=1e-9)
