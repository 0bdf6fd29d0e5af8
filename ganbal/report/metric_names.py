"""What the measures of a study are called, and which of them are better when they are small."""

from collections.abc import Sequence

_TITLES = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "roc_auc": "ROC-AUC",
    "pr_auc": "PR-AUC",
    "mcc": "MCC",
    "brier": "Brier score (less is better)",
    "ece": "Calibration error (less is better)",
    "calibration_error": "Calibration error (less is better)",
}
_PER_CLASS = {"recall": "Recall", "precision": "Precision", "f1": "F1"}
_CHOSEN = "_chosen"
LOWER_IS_BETTER = frozenset({"brier", "ece", "calibration_error"})


def metric_title(metric: str, classes: Sequence[str]) -> str:
    """`recall_NORMAL` → `Recall NORMAL`; `mcc_chosen` → `MCC at the chosen threshold`."""
    if metric.endswith(_CHOSEN) and metric not in known_metrics(classes):
        return f"{metric_title(metric.removesuffix(_CHOSEN), classes)} at the chosen threshold"
    for kind, title in _PER_CLASS.items():
        if metric.startswith(f"{kind}_") and metric.removeprefix(f"{kind}_") in classes:
            return f"{title} {metric.removeprefix(f'{kind}_')}"
    return _TITLES.get(metric, metric.replace("_", " "))


def known_metrics(classes: Sequence[str]) -> list[str]:
    """At the usual threshold or without any, in the order of tables."""
    return [*_TITLES, *(f"{kind}_{name}" for kind in _PER_CLASS for name in classes)]


def chosen_metrics(classes: Sequence[str]) -> list[str]:
    """Names of the measures that stand twice: at 0.5, and with `_chosen` at the threshold chosen on validation."""
    return ["accuracy", "balanced_accuracy", "mcc", *(f"recall_{name}" for name in classes)]


def chosen(metric: str) -> str:
    """The name of a measure at the chosen threshold."""
    return metric + _CHOSEN
