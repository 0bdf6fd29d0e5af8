"""How far the mean synthetic image is from the mean real image: a collapsed generator has the mean of one image."""

import numpy as np


def mean_image_difference(real: np.ndarray, synthetic: np.ndarray) -> float:
    """Root mean square difference of the mean images of two sets, (N, S, S) or (N, S, S, 3) uint8, in steps of 255."""
    means = [images.mean(axis=0, dtype=np.float64) for images in (real, synthetic)]
    return float(np.sqrt(np.mean(np.square(means[0] - means[1]))))
