from pathlib import Path

import numpy as np
import pytest

from ganbal.errors import InputError
from ganbal.metrics.moments import moments_of, read_statistics, write_statistics


def test_mean_and_covariance_equal_numpys_over_several_blocks() -> None:
    features = np.random.default_rng(0).normal(1000, 1, size=(9001, 5)).astype(np.float32)
    found = moments_of(features)
    np.testing.assert_allclose(found.mean, features.mean(axis=0, dtype=np.float64), rtol=1e-12)
    np.testing.assert_allclose(found.covariance, np.cov(features.astype(np.float64), rowvar=False), rtol=1e-9)
    assert found.num_images == 9001


def test_statistics_survive_the_file(tmp_path: Path) -> None:
    moments = moments_of(np.random.default_rng(0).normal(size=(20, 4)))
    write_statistics(tmp_path / "s.npz", moments)
    again = read_statistics(tmp_path / "s.npz")
    np.testing.assert_array_equal(again.covariance, moments.covariance)
    assert again.num_images == 20


def test_pytorch_fid_reads_what_was_written(tmp_path: Path) -> None:
    from pytorch_fid.fid_score import compute_statistics_of_path

    moments = moments_of(np.random.default_rng(0).normal(size=(20, 4)))
    write_statistics(tmp_path / "s.npz", moments)
    mean, covariance = compute_statistics_of_path(str(tmp_path / "s.npz"), None, 1, 4, "cpu")
    np.testing.assert_array_equal(mean, moments.mean)
    np.testing.assert_array_equal(covariance, moments.covariance)


def test_a_file_of_pytorch_fid_is_read_without_a_number_of_images(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "s.npz", mu=np.zeros(3), sigma=np.eye(3))
    assert read_statistics(tmp_path / "s.npz").num_images is None


def test_damaged_statistics_are_told(tmp_path: Path) -> None:
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04 not a zip")
    with pytest.raises(InputError, match="statistics with `mu` and `sigma`"):
        read_statistics(tmp_path / "broken.npz")
    with pytest.raises(InputError, match="No such file"):
        read_statistics(tmp_path / "missing.npz")


@pytest.mark.parametrize(
    ("mean", "covariance", "found"),
    [(np.zeros(3), np.eye(2), "shapes"), (np.array([np.nan, 0]), np.eye(2), "NaN or infinity")],
)
def test_statistics_that_make_no_sense_are_told(
    tmp_path: Path, mean: np.ndarray, covariance: np.ndarray, found: str
) -> None:
    np.savez(tmp_path / "s.npz", mu=mean, sigma=covariance)
    with pytest.raises(InputError, match=found):
        read_statistics(tmp_path / "s.npz")


def test_statistics_with_pickled_objects_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "s.npz", mu=np.array([{"a": 1}], dtype=object), sigma=np.eye(1))
    with pytest.raises(InputError, match="pickle"):
        read_statistics(tmp_path / "s.npz")
