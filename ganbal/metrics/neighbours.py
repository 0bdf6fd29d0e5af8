"""Nearest neighbours by exhaustive search in blocks: exact, and bounded in memory at any number of images."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

_BLOCK_ROWS = 1024
_BASE_ROWS = 8192


@dataclass(frozen=True)
class Neighbours:
    """The nearest rows of a base set for each query, nearest first."""

    rows: np.ndarray
    """(queries, k) int64 rows of the base set."""
    distances: np.ndarray
    """(queries, k) float64 Euclidean distances."""


def nearest(queries: np.ndarray, base: np.ndarray, k: int, *, same_set: bool = False) -> Neighbours:
    """The `k` nearest rows of `base` (M, dims) for each of `queries` (N, dims).

    Args:
        queries: what to find neighbours for.
        base: where to look.
        k: how many; at most M, or M - 1 with `same_set`.
        same_set: queries and base are the same rows, and no row is its own neighbour.
    """
    assert 1 <= k <= len(base) - same_set, f"{k} neighbours among {len(base)}"
    rows = np.empty((len(queries), k), dtype=np.int64)
    distances = np.empty((len(queries), k))
    for query_rows, block in _blocks(queries, _BLOCK_ROWS):
        best_rows = np.empty((len(block), 0), dtype=np.int64)
        best = np.empty((len(block), 0))
        for base_rows, part in _blocks(base, _BASE_ROWS):
            found = distance_matrix(block, part)
            if same_set:
                _hide_self(found, query_rows, base_rows)
            candidates = np.hstack([best, found])
            names = np.hstack([best_rows, np.broadcast_to(np.arange(base_rows.start, base_rows.stop), found.shape)])
            keep = _smallest(candidates, k)
            best, best_rows = np.take_along_axis(candidates, keep, 1), np.take_along_axis(names, keep, 1)
        rows[query_rows], distances[query_rows] = best_rows, best
    return Neighbours(rows, distances)


def ball_radii(features: np.ndarray, k: int) -> np.ndarray:
    """(N,) distance of each row to its k-th nearest other row."""
    return nearest(features, features, k, same_set=True).distances[:, -1]


def count_balls_around(points: np.ndarray, centres: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """(N,) for each of `points` (N, dims): inside how many balls around `centres` (M, dims) it lies."""
    counts = np.zeros(len(points), dtype=np.int64)
    for rows, block in _blocks(points, _BLOCK_ROWS):
        for base_rows, part in _blocks(centres, _BASE_ROWS):
            counts[rows] += (distance_matrix(block, part) < radii[base_rows]).sum(axis=1)
    return counts


def distance_matrix(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(N, M) Euclidean distances in float64, from the expanded square; equal rows come out as nearly 0."""
    a, b = first.astype(np.float64), second.astype(np.float64)
    squares = (a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1)[None, :] - 2 * (a @ b.T)
    return np.sqrt(squares.clip(min=0))


def _smallest(values: np.ndarray, k: int) -> np.ndarray:
    keep = np.argpartition(values, k - 1, axis=1)[:, :k] if k < values.shape[1] else None
    if keep is None:
        return np.argsort(values, axis=1, kind="stable")[:, :k]
    order = np.argsort(np.take_along_axis(values, keep, 1), axis=1, kind="stable")
    return np.take_along_axis(keep, order, 1)


def _hide_self(found: np.ndarray, query_rows: slice, base_rows: slice) -> None:
    same = np.arange(max(query_rows.start, base_rows.start), min(query_rows.stop, base_rows.stop))
    found[same - query_rows.start, same - base_rows.start] = np.inf


def _blocks(values: np.ndarray, rows: int) -> Iterator[tuple[slice, np.ndarray]]:
    for start in range(0, len(values), rows):
        chosen = slice(start, min(start + rows, len(values)))
        yield chosen, values[chosen]
