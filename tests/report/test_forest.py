import io

import numpy as np
from PIL import Image

from ganbal.report.figures.forest import ForestGroup, draw_forest, shared_limit


def row(arm, mean, low, high):
    return {"arm": arm, "mean": mean, "low": low, "high": high, "n": 2, "verdict": "no difference found"}


def test_the_longest_numbers_fit_into_the_figure():
    rows = [row("gan", -0.999, -1.0, 1.0), row("class-weights", 0.01, -0.02, 0.04)]
    groups = [ForestGroup("Balanced accuracy", rows)]
    found = draw_forest(groups, name="n", title="64-px CNN", baseline="imbalanced", limit=shared_limit(rows), mark=None)
    pixels = np.asarray(Image.open(io.BytesIO(found.png)).convert("L"))
    assert pixels.min() < 100  # there is text
    assert (pixels[:, -4:] == pixels[0, -1]).all()


def test_the_axis_shows_every_interval_and_no_more_than_is_possible():
    assert shared_limit([row("gan", 0.1, -0.2, 0.4)]) == 1.06 * 40
    assert shared_limit([row("gan", 0.001, -0.002, 0.004)]) == 1.0
    assert shared_limit([row("gan", 0.5, -1.0, 1.0)]) == 106.0
    assert shared_limit([row("gan", None, None, None)]) == 1.0
