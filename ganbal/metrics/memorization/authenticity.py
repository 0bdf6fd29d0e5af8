"""Authenticity (Alaa et al. 2022, "How Faithful is your Synthetic Data?"): the share of images that are no near-copies.

A synthetic image is authentic when the training image nearest to it has another training image that is nearer still;
one that sits closer to a training image than any of its own kind does is likely made from it.
"""

import numpy as np

from ganbal.metrics.neighbours import nearest


def authenticity(images: np.ndarray, training: np.ndarray) -> float:
    """In [0, 1], higher is better, from (N, dims) and (M, dims) features.

    Fresh real images have about one half, the more the denser the training set; read the value against theirs.
    """
    found = nearest(images, training, 1)
    rows, distances = found.rows[:, 0], found.distances[:, 0]
    anchors = np.unique(rows)
    # Two, as the anchor itself is among the training images; its own distance of nearly zero comes first.
    gaps = np.zeros(len(training))
    gaps[anchors] = nearest(training[anchors], training, 2).distances[:, 1]
    return float((distances > gaps[rows]).mean())
