import numpy as np
import pytest

from ganbal.metrics.memorization.alignment import aligned_distances


def standardized(images: np.ndarray) -> np.ndarray:
    flat = images.reshape(len(images), -1) - images.mean(axis=(1, 2), dtype=float)[:, None]
    return flat / np.linalg.norm(flat, axis=1, keepdims=True)


def waves(shift_px: float, side: int = 32) -> np.ndarray:
    """A picture of slow waves, moved to the right by a part of its pixels."""
    x = np.arange(side) - shift_px
    row = np.sin(2 * np.pi * x / side) + 0.5 * np.cos(2 * np.pi * 3 * x / side)
    return (row[None, :] + np.cos(2 * np.pi * np.arange(side) / side)[:, None])[None]


@pytest.mark.parametrize("shift", [0.0, 1.0, 0.25, -1.75, 2.0])
def test_a_shifted_picture_is_the_same_picture(shift: float) -> None:
    found = aligned_distances(standardized(waves(0.0)), standardized(waves(shift))[None])
    assert found.shape == (1, 1)
    assert found[0, 0] == pytest.approx(0.0, abs=1e-6)


def test_a_larger_shift_is_not_forgiven() -> None:
    one, other = standardized(waves(0.0)), standardized(waves(5.0))
    two_pixels_less = standardized(waves(3.0))
    by_hand = np.sqrt(2 - 2 * (one @ two_pixels_less.T).item())
    assert aligned_distances(one, other[None])[0, 0] == pytest.approx(by_hand)


def test_whole_pixels_against_a_search_by_hand() -> None:
    rng = np.random.default_rng(0)
    images, candidates = (standardized(rng.normal(size=(3, 16, 16))) for _ in range(2))
    found = aligned_distances(images, candidates[None].repeat(3, axis=0))
    for i, j in np.ndindex(3, 3):
        one, other = images[i].reshape(16, 16), candidates[j].reshape(16, 16)
        shifts = [(one * np.roll(other, (a, b), (0, 1))).sum() for a in (-1, 0, 1) for b in (-1, 0, 1)]
        assert found[i, j] <= np.sqrt(2 - 2 * max(shifts)) + 1e-9
        # Quarter pixels between them can only help, and not beyond a perfect match.
        assert found[i, j] >= 0


def test_many_images_are_done_in_blocks() -> None:
    images = standardized(np.random.default_rng(1).normal(size=(700, 8, 8)))
    found = aligned_distances(images, images[:, None])
    np.testing.assert_allclose(found, 0.0, atol=1e-6)
