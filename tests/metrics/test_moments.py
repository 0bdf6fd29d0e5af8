import numpy as np

from ganbal.metrics.moments import moments_of


def test_mean_and_covariance_equal_numpys_over_several_blocks() -> None:
    features = np.random.default_rng(0).normal(1000, 1, size=(9001, 5)).astype(np.float32)
    found = moments_of(features)
    np.testing.assert_allclose(found.mean, features.mean(axis=0, dtype=np.float64), rtol=1e-12)
    np.testing.assert_allclose(found.covariance, np.cov(features.astype(np.float64), rowvar=False), rtol=1e-9)
    assert found.num_images == 9001
