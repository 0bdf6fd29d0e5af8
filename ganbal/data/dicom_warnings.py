"""Warnings about DICOM files: ids in their names, and images of one set that are shown in different ways."""

import pandas as pd

from ganbal.data.data_warnings import DataWarning
from ganbal.data.pixel_cache import DecodedCache

_WINDOW = "DICOM window"
_TELLING_DIFFERENCE = 0.1


def dicom_warnings(cache: DecodedCache, frame: pd.DataFrame) -> list[DataWarning]:
    """Warnings where paths, which are written to results, hold ids from tags, and where only some files have a window.

    Args:
        frame: of the image table.
    """
    named = sum(file.is_named_by_tags for file in cache.index.readable)
    found = [DataWarning("names-with-tags", {"count": named})] if named else []
    has_window = frame["mode"] == _WINDOW
    if not has_window.any() or has_window.all():
        return found
    shares = has_window.groupby(frame["class_name"]).mean()
    values = {
        "windows": int(has_window.sum()),
        "images": len(frame),
        "of_class": [f"{share:.0%} of {name}" for name, share in shares.items()],
    }
    differs = shares.max() - shares.min() > _TELLING_DIFFERENCE
    return [*found, DataWarning("windows-by-class" if differs else "mixed-windows", values)]
