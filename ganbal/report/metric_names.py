"""Titles of the metrics of a study, and their order in the report."""

from collections.abc import Collection, Sequence

from ganbal.runtime.shared_text import METRIC_TITLES

_PER_CLASS = {"recall": "Recall", "precision": "Precision", "f1": "F1"}
_CHOSEN = "_chosen"
_PRIMARY = ("balanced_accuracy", "roc_auc")


def metric_title(metric: str, classes: Sequence[str], lower_is_better: Collection[str] = ()) -> str:
    """`recall_NORMAL` → `Recall NORMAL`; `mcc_chosen` → `MCC at the chosen threshold`.

    `lower_is_better` lists the metrics whose titles say so.
    """
    if metric.endswith(_CHOSEN) and metric not in known_metrics(classes):
        return f"{metric_title(metric.removesuffix(_CHOSEN), classes, lower_is_better)} at the chosen threshold"
    for kind, title in _PER_CLASS.items():
        if metric.startswith(f"{kind}_") and metric.removeprefix(f"{kind}_") in classes:
            return f"{title} {metric.removeprefix(f'{kind}_')}"
    title = METRIC_TITLES.get(metric, metric.replace("_", " "))
    return f"{title} (lower is better)" if metric in lower_is_better else title


def known_metrics(classes: Sequence[str]) -> list[str]:
    """At the usual threshold or independent of it, in the order of tables."""
    return [*primary_metrics(classes), *secondary_metrics(classes)]


def primary_metrics(classes: Sequence[str]) -> list[str]:
    """The metrics that the answer needs: tables show them first and fold the others."""
    return [*_PRIMARY, *(f"recall_{name}" for name in classes)]


def secondary_metrics(classes: Sequence[str]) -> list[str]:
    titled = [name for name in METRIC_TITLES if name not in _PRIMARY]
    return [*titled, *(f"{kind}_{name}" for kind in ("precision", "f1") for name in classes)]


def chosen_metrics(classes: Sequence[str]) -> list[str]:
    """Metrics given twice: at threshold 0.5, and with `_chosen` at the threshold chosen on validation."""
    return ["accuracy", "balanced_accuracy", "mcc", *(f"recall_{name}" for name in classes)]


def chosen(metric: str) -> str:
    """The name of a metric at the chosen threshold."""
    return metric + _CHOSEN


def is_at_chosen_threshold(metric: str) -> bool:
    return metric.endswith(_CHOSEN)
