import numpy as np
import pytest
import torch

from ganbal.metrics.two_sample_cnn import cnn_two_sample_aucs

CPU = torch.device("cpu")
pytestmark = pytest.mark.usefixtures("one_torch_thread")


def images(count, seed, grain=0):
    """Gray noise of two pixels' size; `grain` adds a checkerboard, which no feature of the whole image shows."""
    coarse = np.random.default_rng(seed).normal(127, 30, (count, 12, 12)).repeat(2, axis=1).repeat(2, axis=2)
    board = np.indices((24, 24)).sum(axis=0) % 2 * 2 - 1
    return np.clip(coarse + grain * board, 0, 255).astype(np.uint8)


def test_a_checkerboard_is_separated_and_images_of_one_kind_are_not() -> None:
    real, unseen = images(96, 0), images(64, 1)
    separable = cnn_two_sample_aucs(
        real, images(96, 2, grain=24), unseen, images(64, 3, grain=24), epochs=4, seed=0, device=CPU
    )
    assert len(separable) == 4
    assert separable[-1] > 0.95
    alike = cnn_two_sample_aucs(real, images(96, 2), unseen, images(64, 3), epochs=4, seed=0, device=CPU)
    assert 0.3 < alike[-1] < 0.7
    assert alike == cnn_two_sample_aucs(real, images(96, 2), unseen, images(64, 3), epochs=4, seed=0, device=CPU)
