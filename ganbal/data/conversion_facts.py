"""How the images of a set become squares: what inspection reports of it, and what it warns of."""

from typing import Any

import numpy as np

from ganbal.config import DataConfig
from ganbal.data.data_warnings import DataWarning
from ganbal.data.image_table import ImageTable
from ganbal.data.pixel_cache import DecodedCache

_FAR_FROM_SQUARE = 1.5
_TELLING_DIFFERENCE = 0.1


def conversion_facts(table: ImageTable, cache: DecodedCache, config: DataConfig) -> dict[str, Any]:
    """`channels` and `fit` of data.json.

    `channels`: how many are `used` (1 or 3), by whom they were `chosen_by` ("auto" or "setting"), and how many of the
    training `images` (all, where the set has no split of its own) are `colored`, in total and `by_class`. `fit`: the
    `rule`; `elongation` is the median of longer side / shorter side, `aspect_ratios` that of width / height per class.
    """
    colored = np.array([file.is_colored for file in cache.index.readable], dtype=bool)
    judged = table.frame["file_name"].isin(cache.judged_names).to_numpy(dtype=bool)
    classes = table.frame["class_name"].to_numpy(dtype=str)
    by_class = {
        name: {"colored": int(colored[here].sum()), "images": int(here.sum())}
        for name in table.classes
        for here in [judged & (classes == name)]
    }
    width, height = (table.frame[side].to_numpy(dtype=float) for side in ("width_px", "height_px"))
    return {
        "channels": {
            "used": table.conversion.channels,
            "chosen_by": "auto" if config.channels == "auto" else "setting",
            "colored": int(colored[judged].sum()),
            "images": int(judged.sum()),
            "by_class": by_class,
        },
        "fit": {
            "rule": table.conversion.fit,
            "elongation": round(float(np.median(np.maximum(width, height) / np.minimum(width, height))), 4),
            "aspect_ratios": {
                name: round(float(np.median((width / height)[classes == name])), 4) for name in table.classes
            },
        },
    }


def conversion_warnings(facts: dict[str, Any]) -> list[DataWarning]:
    """Warnings of mixed colors and of distorted images, from `conversion_facts`."""
    channels, fit = facts["channels"], facts["fit"]
    found = []
    colored, images = channels["colored"], channels["images"]
    if channels["used"] == 1 and channels["chosen_by"] == "auto" and colored:
        found.append(DataWarning("few-colored", {"colored": colored, "images": images}))
    if channels["used"] == 3 and colored < images:
        by_class = channels["by_class"].items()
        shares = {name: counts["colored"] / counts["images"] for name, counts in by_class if counts["images"]}
        differs = max(shares.values()) - min(shares.values()) > _TELLING_DIFFERENCE
        values = {"gray": images - colored, "images": images, "colored_of_class": _percentages(shares)}
        found.append(DataWarning("color-by-class" if differs else "mixed-colors", values))
    if fit["rule"] == "stretch" and fit["elongation"] > _FAR_FROM_SQUARE:
        found.append(DataWarning("far-from-square", {"elongation": fit["elongation"]}))
    return found


def _percentages(shares: dict[str, float]) -> list[str]:
    return [f"{share:.0%} of {name}" for name, share in shares.items()]
