import numpy as np
import pytest

from ganbal.metrics.mean_image import mean_image_difference


def test_difference_by_hand() -> None:
    real = np.array([[[0, 10], [20, 30]], [[2, 10], [20, 34]]], dtype=np.uint8)  # mean image 1, 10, 20, 32
    synthetic = np.array([[[4, 10], [24, 32]]], dtype=np.uint8)
    # Differences 3, 0, 4, 0.
    assert mean_image_difference(real, synthetic) == pytest.approx(2.5)
    assert mean_image_difference(real, real[::-1]) == 0
