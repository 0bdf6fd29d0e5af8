"""Features and thumbnails of images, to find copies with."""

import numpy as np
import torch

from ganbal.metrics.features.batches import same_shape_groups
from ganbal.metrics.features.extractor import Extractor
from ganbal.metrics.memorization.copies import Views

_BATCH = 64


def view_images(images: np.ndarray, extractors: tuple[Extractor, Extractor]) -> Views:
    """Features and thumbnails of (N, S, S) uint8 images."""
    views = []
    with torch.inference_mode():
        for extractor in extractors:
            groups = (
                group
                for start in range(0, len(images), _BATCH)
                for group in same_shape_groups([np.asarray(image) for image in images[start : start + _BATCH]])
            )
            views.append(torch.cat([extractor.embed(extractor.prepare(group)) for group in groups]).cpu().numpy())
    return Views(*views)
