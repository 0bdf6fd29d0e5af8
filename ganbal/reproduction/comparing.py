"""The cells of one system compared with its published figures. Pure: metrics in, numbers out."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ganbal.reproduction.published import Published

PROTOCOLS = ("documents", "honest")


def summarize_seeds(
    metrics_by_seed: Mapping[int, Mapping[str, Any]], published: Published, *, is_comparable: bool
) -> dict[str, Any]:
    """Mean and standard deviation over seeds, the confusion matrix of the median seed, and whether the mean lies within
    the published interval.

    Args:
        metrics_by_seed: the content of each cell's metrics.json, at least one.
        is_comparable: whether the test images are those of the publication; otherwise the interval is not used.
    """
    seeds = sorted(metrics_by_seed)
    accuracies = [float(metrics_by_seed[seed]["accuracy"]) for seed in seeds]
    classes = list(next(iter(metrics_by_seed.values()))["per_class"])
    median = median_seed(seeds, accuracies)
    mean, interval = float(np.mean(accuracies)), published.interval
    is_within = interval[0] <= mean <= interval[1] if is_comparable and interval is not None else None
    measures = {
        f"{measure}_{name}": _mean([metrics_by_seed[seed]["per_class"][name][measure] for seed in seeds])
        for name in classes
        for measure in ("precision", "recall", "f1")
    }
    return {
        "seeds": seeds,
        "accuracy_mean": mean,
        "accuracy_sd": float(np.std(accuracies, ddof=1)) if len(seeds) > 1 else None,
        "accuracies": accuracies,
        "roc_auc_mean": _mean([metrics_by_seed[seed]["roc_auc"] for seed in seeds]),
        **measures,
        "median_seed": median,
        "confusion_matrix": metrics_by_seed[median]["confusion_matrix"],
        "is_within_published_interval": is_within,
        "num_train": metrics_by_seed[median]["num_train"],
        "pretrained": metrics_by_seed[median]["pretrained"],
        "augmented_versions": metrics_by_seed[median].get("augmented_versions", 0),
        "seconds_mean": _mean([metrics_by_seed[seed]["seconds"] for seed in seeds]),
    }


def median_seed(seeds: Sequence[int], accuracies: Sequence[float]) -> int:
    """The seed with the median accuracy; for an even number of seeds the lower median, of equal ones the first seed."""
    order = sorted(zip(accuracies, seeds, strict=True))
    middle = order[(len(order) - 1) // 2][0]
    return min(seed for accuracy, seed in order if accuracy == middle)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [float(value) for value in values if value is not None]
    return float(np.mean(known)) if known else None
