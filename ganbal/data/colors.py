"""Whether images are in color, judged by their pixels and not by the pixel format of the file."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from ganbal.config.data import NumChannels

# Compared at this size, where the noise of JPEG's color channels has averaged out.
_SIDE_PX = 64
_LEAST_DIFFERENCE = 16
_LEAST_SHARE = 0.01
MAJORITY = 0.5
"""From this share of color images on, a set is read in color."""


def is_colored(image: Image.Image) -> bool:
    """Whether an RGB image shows color.

    It does if, at 64×64, at least 1 % of the pixels have channels that differ by 16 or more of 255. Equal channels,
    the slight tint of a scanner and single colored pixels do not count.
    """
    small = np.asarray(image.resize((_SIDE_PX, _SIDE_PX), Image.Resampling.BOX, reducing_gap=2.0))
    differences = small.max(axis=2) - small.min(axis=2)
    return bool((differences >= _LEAST_DIFFERENCE).mean() >= _LEAST_SHARE)


def channels_for(colored: Sequence[bool]) -> NumChannels:
    """3 where at least half of the images are in color, else 1.

    A few colored annotations on radiographs would otherwise triple every image; gray images among color ones are kept
    as they are.
    """
    return 3 if colored and sum(colored) / len(colored) >= MAJORITY else 1
