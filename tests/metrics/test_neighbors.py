import numpy as np
import pytest

from ganbal.metrics import neighbors
from ganbal.metrics.neighbors import ball_radii, count_balls_around, nearest


def test_by_hand() -> None:
    base = np.array([[0.0], [1.0], [3.0], [7.0]])
    found = nearest(np.array([[2.6]]), base, 2)
    assert found.rows.tolist() == [[2, 1]]
    np.testing.assert_allclose(found.distances, [[0.4, 1.6]])
    np.testing.assert_allclose(ball_radii(base, 1), [1, 1, 2, 4])
    np.testing.assert_allclose(ball_radii(base, 2), [3, 2, 3, 6])
    # 2.6 lies within 1 of nothing but 3 (radius 2); within the ball of 7 (radius 4) only from 3 on.
    assert count_balls_around(np.array([[2.6], [3.5]]), base, np.array([1.0, 1, 2, 4])).tolist() == [1, 2]


@pytest.mark.parametrize("same_set", [False, True])
def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch, same_set: bool) -> None:
    rng = np.random.default_rng(0)
    base = rng.normal(size=(41, 5)).astype(np.float32)
    queries = base if same_set else rng.normal(size=(23, 5)).astype(np.float32)
    whole = nearest(queries, base, 4, same_set=same_set)
    monkeypatch.setattr(neighbors, "_BLOCK_ROWS", 6)
    monkeypatch.setattr(neighbors, "_BASE_ROWS", 9)
    parts = nearest(queries, base, 4, same_set=same_set)
    np.testing.assert_array_equal(parts.rows, whole.rows)
    np.testing.assert_allclose(parts.distances, whole.distances)
    if same_set:
        assert (whole.rows != np.arange(41)[:, None]).all()


def test_equals_scikit_learn() -> None:
    from sklearn.neighbors import NearestNeighbors

    rng = np.random.default_rng(1)
    base, queries = rng.normal(size=(200, 10)), rng.normal(size=(50, 10))
    distances, rows = NearestNeighbors(n_neighbors=7, algorithm="brute").fit(base).kneighbors(queries)
    found = nearest(queries, base, 7)
    np.testing.assert_array_equal(found.rows, rows)
    np.testing.assert_allclose(found.distances, distances)


def test_asking_for_more_neighbors_than_there_are_is_our_mistake() -> None:
    with pytest.raises(AssertionError, match="3 neighbors among 3"):
        nearest(np.zeros((3, 1)), np.zeros((3, 1)), 3, same_set=True)
