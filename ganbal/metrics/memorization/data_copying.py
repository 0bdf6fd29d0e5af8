"""The data-copying test (Meehan, Chaudhuri & Dasgupta 2020, "A Non-Parametric Test to Detect Data-Copying").

Three samples: training, held-out real, synthetic. If synthetic images are systematically closer to training images than
held-out real images are, the generator copies. Feature space is divided into cells. In each cell the two sets of
distances are ranked together (Mann-Whitney), and the z-scores are averaged, weighted by the held-out images per cell.

The average, C_T, is no z-score itself: each cell's has a standard deviation of 1 if nothing is copied, so C_T of ten
equal cells has one of 0.32. It is judged by its standard error.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from ganbal.metrics.floor import NORMAL_QUANTILE
from ganbal.metrics.neighbors import nearest

_IMAGES_PER_CELL = 40
_MAX_CELLS = 10
_MIN_PER_CELL = 5


@dataclass(frozen=True)
class DataCopying:
    """The result of the test."""

    value: float
    """C_T of the paper: about 0 for new images, negative for copying, positive for images far from any real image."""
    standard_error: float
    """Of C_T if nothing is copied: √Σw² / Σw over the cells' weights w; 1 for one cell."""
    cells: int
    """Number of cells with enough images of both kinds."""

    @property
    def z(self) -> float:
        """C_T in standard errors: below -3 for copying."""
        return self.value / self.standard_error

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of C_T, with the standard error of no copying."""
        half_width = NORMAL_QUANTILE * self.standard_error
        return self.value - half_width, self.value + half_width


def data_copying_test(
    training: np.ndarray,
    held_out: np.ndarray,
    synthetic: np.ndarray,
    *,
    generator: np.random.Generator,
    device: torch.device | None = None,
) -> DataCopying | None:
    """Test (N, dims) features of the three sets; None where no cell has five images of both kinds.

    Args:
        training: images that the generator was trained on.
        held_out: real images that it was not trained on.
        synthetic: images that it generated.
        generator: seeds the clustering of the training images into cells.
        device: CUDA device for the distances.
    """
    from sklearn.cluster import KMeans  # not above: it takes a second

    cells = int(np.clip(len(held_out) // _IMAGES_PER_CELL, 1, _MAX_CELLS))
    clusters = KMeans(cells, n_init=3, random_state=int(generator.integers(2**31))).fit(training)
    real_distances = nearest(held_out, training, 1, device=device).distances[:, 0]
    synthetic_distances = nearest(synthetic, training, 1, device=device).distances[:, 0]
    real_cells = clusters.predict(np.ascontiguousarray(held_out, dtype=training.dtype))
    synthetic_cells = clusters.predict(np.ascontiguousarray(synthetic, dtype=training.dtype))
    scores, weights = [], []
    for cell in range(cells):
        ours, theirs = synthetic_distances[synthetic_cells == cell], real_distances[real_cells == cell]
        if min(len(ours), len(theirs)) >= _MIN_PER_CELL:
            scores.append(mann_whitney_z(ours, theirs))
            weights.append(len(theirs))
    if not scores:
        return None
    standard_error = np.linalg.norm(weights) / np.sum(weights)
    return DataCopying(float(np.average(scores, weights=weights)), float(standard_error), len(scores))


def mann_whitney_z(first: np.ndarray, second: np.ndarray) -> float:
    """Mann-Whitney z: positive where `first` (N₁,) tends to be larger than `second` (N₂,).

    SciPy's `mannwhitneyu` returns U and p without z, and its variance is corrected for ties; the paper's is not.
    """
    n1, n2 = len(first), len(second)
    ranks = pd.Series(np.concatenate([first, second])).rank().to_numpy()
    wins = ranks[:n1].sum() - n1 * (n1 + 1) / 2
    return float((wins - n1 * n2 / 2) / np.sqrt(n1 * n2 * (n1 + n2 + 1) / 12))
