"""Describes a data set before any work on it: the content of data.json."""

from typing import Any

import pandas as pd

from ganbal.config import DataConfig
from ganbal.data.conversion_facts import conversion_facts
from ganbal.data.dataset import Dataset
from ganbal.data.image_formats import printable
from ganbal.data.leakage import are_certain, shared_patients

_MOST_EXAMPLES = 5


def inspect_dataset(dataset: Dataset, config: DataConfig) -> dict[str, Any]:
    """The content of data.json: only text, numbers, lists and dictionaries.

    Sizes are [width, height] in pixels. Duplicates are files with the same bytes: the number of `groups`, the `images`
    in them, and how many groups reach `across_splits` and `across_classes`. Splits that share few patients are not
    necessarily clean: unless they `are_certain`, ids come from file names and may start again, or mean someone else, in
    every split.
    """
    table = dataset.table
    training = table.counts()["train"]
    most, least = max(training.values()), min(training.values())
    return {
        "source": {
            "root": printable(dataset.given),
            "origin": dataset.origin,
            "layout": table.layout,
            "is_phantom": table.is_phantom,
            "imports": list(dataset.imports),
        },
        "classes": list(table.classes),
        "minority_class": table.minority_class,
        "positive_class": dataset.class_order.positive,
        "positive_class_reason": dataset.class_order.reason,
        "counts": table.counts(),
        "counts_found": table.counts_found(),
        "imbalance_ratio": round(most / least, 4),
        "missing_to_balance": {name: most - count for name, count in training.items()},
        "sizes": size_distribution(table.frame),
        "patients": {
            name: int(table.frame.loc[table.frame["split"] == name, "patient"].nunique()) for name in table.counts()
        },
        "patients_recognized": {
            "images": dataset.patients.num_recognized,
            "by": dataset.patients.counts,
            "are_certain": are_certain(dataset.patients.counts),
        },
        "patients_shared": [
            {"splits": [first, second], "count": len(shared), "examples": shared[:_MOST_EXAMPLES]}
            for first, second, shared in shared_patients(table.frame)
        ],
        "duplicates": duplicates(table.frame),
        "intensity": _intensity(dataset, config),
        **conversion_facts(table, dataset.cache, config),
        "unreadable": [vars(entry) for entry in dataset.unreadable],
        "warnings": [warning.to_json() for warning in dataset.warnings],
        "digest": table.digest(),
        "validation_rule": dataset.split_rule,
        "val_fraction": config.val_fraction,
    }


def size_distribution(frame: pd.DataFrame) -> dict[str, Any]:
    """Least, median and greatest width and height (each by itself), number of distinct sizes, images per PIL mode."""
    sizes = frame[["width_px", "height_px"]]
    return {
        "min": [int(value) for value in sizes.min()],
        "median": [round(float(value)) for value in sizes.median()],
        "max": [int(value) for value in sizes.max()],
        "distinct": len(sizes.drop_duplicates()),
        "modes": {str(mode): int(count) for mode, count in frame["mode"].value_counts().items()},
    }


def duplicates(frame: pd.DataFrame) -> dict[str, Any]:
    """Images with the same bytes; examples across splits are listed first."""
    repeated = frame[frame["sha256"].duplicated(keep=False)]
    groups = repeated.groupby("sha256", sort=False)
    splits, classes = groups["split"].nunique(), groups["class_name"].nunique()
    names = groups["file_name"].agg(list)
    order = splits.sort_values(ascending=False, kind="stable").index
    return {
        "groups": len(names),
        "images": len(repeated),
        "across_splits": int((splits > 1).sum()),
        "across_classes": int((classes > 1).sum()),
        "examples": [names[digest] for digest in order[:_MOST_EXAMPLES]],
    }


def _intensity(dataset: Dataset, config: DataConfig) -> dict[str, Any] | None:
    """How images with more than 8 bits per channel were scaled; None where there are none."""
    index = dataset.cache.index
    if index.conversion.intensity is None:
        return None
    setting = "auto" if config.black_and_white == "auto" else "setting"
    return {"range": list(index.conversion.intensity), "chosen_by": setting, "images": index.num_deep}
