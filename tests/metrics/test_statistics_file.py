from pathlib import Path

import numpy as np
import pytest

from ganbal.errors import InputError
from ganbal.metrics.identity import ExtractorIdentity
from ganbal.metrics.moments import moments_of
from ganbal.metrics.statistics_file import read_statistics, write_statistics


def test_statistics_survive_the_file(tmp_path: Path) -> None:
    moments = moments_of(np.random.default_rng(0).normal(size=(20, 4)))
    write_statistics(tmp_path / "s.npz", moments)
    again = read_statistics(tmp_path / "s.npz").moments
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
    assert read_statistics(tmp_path / "s.npz").moments.num_images is None


def test_damaged_statistics_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04 not a zip")
    with pytest.raises(InputError, match=r"cannot be read: .*arrays `mu` and `sigma`"):
        read_statistics(tmp_path / "broken.npz")
    with pytest.raises(InputError, match="no such file"):
        read_statistics(tmp_path / "missing.npz")


@pytest.mark.parametrize(
    ("mean", "covariance", "found"),
    [
        (np.zeros(3), np.eye(2), "shapes"),
        (np.zeros((2, 1)), np.eye(2), "shapes"),
        (np.zeros(0), np.zeros((0, 0)), "shapes"),
        (np.array([np.nan, 0]), np.eye(2), "NaN or infinity"),
        (np.zeros(2), np.array([[1.0, 0.5], [0.2, 1.0]]), "not symmetric"),
        (np.zeros(2), np.array([[1.0, 2.0], [2.0, 1.0]]), "negative eigenvalue"),
        (np.zeros(2), -np.eye(2), "negative eigenvalue"),
        (np.array(["a", "b"]), np.eye(2), "real numbers"),
        (np.zeros(2), np.eye(2) * 1j, "real numbers"),
    ],
)
def test_impossible_statistics_are_an_error(
    tmp_path: Path, mean: np.ndarray, covariance: np.ndarray, found: str
) -> None:
    np.savez(tmp_path / "s.npz", mu=mean, sigma=covariance)
    with pytest.raises(InputError, match=found):
        read_statistics(tmp_path / "s.npz")


def test_statistics_with_pickled_objects_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "s.npz", mu=np.array([{"a": 1}], dtype=object), sigma=np.eye(1))
    with pytest.raises(InputError, match="pickle"):
        read_statistics(tmp_path / "s.npz")


def test_rounding_of_a_float32_covariance_is_accepted(tmp_path: Path) -> None:
    # 200 dimensions from 50 images: most eigenvalues are 0, and float32 turns some of them negative.
    moments = moments_of(np.random.default_rng(0).normal(size=(50, 200)))
    rounded = moments.covariance.astype(np.float32)
    assert np.linalg.eigvalsh(rounded.astype(np.float64))[0] < 0
    np.savez(tmp_path / "s.npz", mu=moments.mean, sigma=rounded)
    np.testing.assert_allclose(read_statistics(tmp_path / "s.npz").moments.covariance, moments.covariance, atol=1e-6)


def test_the_extractor_is_kept_in_the_file(tmp_path: Path) -> None:
    identity = ExtractorIdentity("inception", 4, "ab" * 32, "pytorch-fid 299")
    write_statistics(tmp_path / "s.npz", moments_of(np.random.default_rng(0).normal(size=(20, 4))), identity)
    assert read_statistics(tmp_path / "s.npz").identity == identity
