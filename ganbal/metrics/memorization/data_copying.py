"""The data-copying test (Meehan, Chaudhuri & Dasgupta 2020, "A Non-Parametric Test to Detect Data-Copying").

Three samples: training, held-out real, synthetic. If synthetic images lie systematically nearer to training images than
held-out real ones do, the generator copies. Space is cut into cells, in each the two sets of distances are ranked
together (Mann-Whitney), and the z-scores are averaged by how many held-out images the cells hold.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats
from sklearn.cluster import KMeans

from ganbal.metrics.neighbours import nearest

_IMAGES_PER_CELL = 40
_MOST_CELLS = 10
_FEWEST_IN_CELL = 5


@dataclass(frozen=True)
class DataCopying:
    """The outcome of the test."""

    z_score: float
    """C_T of the paper: about 0 for fresh images, below -3 for copying, above 3 for images far from any real one."""
    cells: int
    """How many cells had enough images of both kinds to be judged."""


def data_copying_test(
    training: np.ndarray, held_out: np.ndarray, synthetic: np.ndarray, *, generator: np.random.Generator
) -> DataCopying | None:
    """Test (N, dims) features of the three sets; None where no cell has five images of both kinds.

    Args:
        training: what the generator saw.
        held_out: real images it did not see.
        synthetic: its images.
        generator: seeds the clustering of the training images into cells.
    """
    cells = int(np.clip(len(held_out) // _IMAGES_PER_CELL, 1, _MOST_CELLS))
    clusters = KMeans(cells, n_init=3, random_state=int(generator.integers(2**31))).fit(training)
    real_distances = nearest(held_out, training, 1).distances[:, 0]
    synthetic_distances = nearest(synthetic, training, 1).distances[:, 0]
    real_cells = clusters.predict(np.ascontiguousarray(held_out, dtype=training.dtype))
    synthetic_cells = clusters.predict(np.ascontiguousarray(synthetic, dtype=training.dtype))
    scores, weights = [], []
    for cell in range(cells):
        ours, theirs = synthetic_distances[synthetic_cells == cell], real_distances[real_cells == cell]
        if min(len(ours), len(theirs)) >= _FEWEST_IN_CELL:
            scores.append(mann_whitney_z(ours, theirs))
            weights.append(len(theirs))
    if not scores:
        return None
    return DataCopying(float(np.average(scores, weights=weights)), len(scores))


def mann_whitney_z(first: np.ndarray, second: np.ndarray) -> float:
    """How far `first` (N₁,) lies above `second` (N₂,) in rank, in standard deviations of equal distributions."""
    n1, n2 = len(first), len(second)
    ranks = stats.rankdata(np.concatenate([first, second]))
    wins = ranks[:n1].sum() - n1 * (n1 + 1) / 2
    return float((wins - n1 * n2 / 2) / np.sqrt(n1 * n2 * (n1 + n2 + 1) / 12))
