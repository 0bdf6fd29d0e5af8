"""How the images of a set become squares: what inspection reports of it, and what it warns of."""

from typing import Any

import numpy as np

from ganbal.config import DataConfig
from ganbal.data.data_warnings import DataWarning
from ganbal.data.decoding import DICOM_WINDOW, is_deep_mode
from ganbal.data.image_table import ImageTable
from ganbal.data.pixel_cache import DecodedCache

_FAR_FROM_SQUARE = 1.5
_TELLING_DIFFERENCE = 0.1


def conversion_facts(table: ImageTable, cache: DecodedCache, config: DataConfig) -> dict[str, Any]:
    """`channels`, `depth`, `pages` and `fit` of data.json.

    `channels`: how many are `used` (1 or 3), by whom they were `chosen_by` ("auto" or "setting"), and how many of the
    training `images` (all, where the set has no split of its own) are `colored`, in total and `by_class`. `depth`: how
    many of the same images, without those shown by a DICOM window, are `deep`: of more than 8 bits per channel.
    `pages`: how many files have `several` pages or frames, with an `example`. `fit`: the `rule`; `elongation` is the
    median of longer side / shorter side, `aspect_ratios` that of width / height per class.
    """
    colored = np.array([file.is_colored for file in cache.index.readable], dtype=bool)
    deep = table.frame["mode"].map(is_deep_mode).to_numpy(dtype=bool)
    judged = table.frame["file_name"].isin(cache.judged_names).to_numpy(dtype=bool)
    has_window = (table.frame["mode"] == DICOM_WINDOW).to_numpy(dtype=bool)
    with_pages = [file.file_name for file in cache.index.readable if file.has_several_pages]
    classes = table.frame["class_name"].to_numpy(dtype=str)
    width, height = (table.frame[side].to_numpy(dtype=float) for side in ("width_px", "height_px"))
    return {
        "channels": {
            "used": table.conversion.channels,
            "chosen_by": "auto" if config.channels == "auto" else "setting",
            **_counted(table, judged, "colored", colored),
        },
        "depth": _counted(table, judged & ~has_window, "deep", deep),
        "pages": {"several": len(with_pages), "example": with_pages[0] if with_pages else None},
        "fit": {
            "rule": table.conversion.fit,
            "elongation": round(float(np.median(np.maximum(width, height) / np.minimum(width, height))), 4),
            "aspect_ratios": {
                name: round(float(np.median((width / height)[classes == name])), 4) for name in table.classes
            },
        },
    }


def conversion_warnings(facts: dict[str, Any]) -> list[DataWarning]:
    """Warnings of mixed colors and depths, of further pages and of distorted images, from `conversion_facts`."""
    channels, fit, pages = facts["channels"], facts["fit"], facts["pages"]
    found = []
    colored, images = channels["colored"], channels["images"]
    if channels["used"] == 1 and channels["chosen_by"] == "auto" and colored:
        found.append(DataWarning("few-colored", {"colored": colored, "images": images}))
    if channels["used"] == 3 and colored < images:
        shares = _shares(channels["by_class"], "colored")
        values = {"gray": images - colored, "images": images, "colored_of_class": _percentages(shares)}
        found.append(DataWarning("color-by-class" if _differ(shares) else "mixed-colors", values))
    if _differ(shares := _shares(facts["depth"]["by_class"], "deep")):
        found.append(DataWarning("depth-by-class", {"deep_of_class": _percentages(shares)}))
    if pages["several"]:
        found.append(DataWarning("several-pages", {"files": pages["several"], "example": pages["example"]}))
    if fit["rule"] == "stretch" and fit["elongation"] > _FAR_FROM_SQUARE:
        found.append(DataWarning("far-from-square", {"elongation": fit["elongation"]}))
    return found


def _counted(table: ImageTable, judged: np.ndarray, key: str, flags: np.ndarray) -> dict[str, Any]:
    """How many of the `judged` images (N,) have their flag (N,) set, as `key`; in total and by class."""
    classes = table.frame["class_name"].to_numpy(dtype=str)
    parts = {name: judged & (classes == name) for name in table.classes}
    total, *of_classes = (
        {key: int(flags[here].sum()), "images": int(here.sum())} for here in (judged, *parts.values())
    )
    return {**total, "by_class": dict(zip(parts, of_classes, strict=True))}


def _shares(by_class: dict[str, dict[str, int]], key: str) -> dict[str, float]:
    """The share in every class that has images to be judged."""
    return {name: counts[key] / counts["images"] for name, counts in by_class.items() if counts["images"]}


def _differ(shares: dict[str, float]) -> bool:
    return bool(shares) and max(shares.values()) - min(shares.values()) > _TELLING_DIFFERENCE


def _percentages(shares: dict[str, float]) -> list[str]:
    return [f"{share:.0%} of {name}" for name, share in shares.items()]
