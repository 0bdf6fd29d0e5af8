"""Names that the terminal and the report both show."""

METRIC_TITLES = {
    "balanced_accuracy": "Balanced accuracy",
    "roc_auc": "ROC-AUC",
    "accuracy": "Accuracy",
    "pr_auc": "PR-AUC",
    "mcc": "MCC",
    "brier": "Brier score",
    "ece": "Calibration error",
}
"""Classifier metrics; those per class are named after the class."""
POSITIVE_CLASS_REASONS = {"setting": "data.positive_class", "name": "by its name", "order": "second in the alphabet"}
"""Why a class is the positive one, by `positive_class_reason` of data.json."""
