"""Names, phrases and sentences that the terminal and the report both show."""

from collections.abc import Mapping
from typing import Any

from ganbal.runtime.number_text import plural

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
CHEAP_ALTERNATIVES = {"duplicated": "plain copies", "class-weights": "class weights"}
"""The arms without a generator that GAN images have to beat, in words; see `study.comparisons`."""
POSITIVE_CLASS_REASONS = {"setting": "data.positive_class", "name": "by its name", "order": "second in the alphabet"}
"""Why a class is the positive one, by `positive_class_reason` of data.json."""
FIT_RULES = {
    "stretch": "stretched to squares",
    "pad": "padded to squares with black",
    "crop": "cropped to the central square",
}
"""How images became squares, by `fit.rule` of data.json."""


def import_text(record: Mapping[str, Any]) -> str:
    """What an import of data.json was made from: `set.npz (npz, SHA-256 1a2b3c4d…, 5,856 images)`."""
    facts = [
        record.get("kind"),
        f"SHA-256 {str(record['sha256'])[:8]}…" if record.get("sha256") else None,
        f"revision {record['revision']}" if record.get("revision") else None,
        *(plural(record[f"{unit}s"], unit) for unit in ("image", "file") if record.get(f"{unit}s")),
    ]
    return f"{record.get('origin')} ({', '.join(str(fact) for fact in facts if fact)})"


def channels_sentence(channels: Mapping[str, Any]) -> str:
    """How many channels the images have and why, from `channels` of data.json; without a full stop."""
    used = "3, color" if channels["used"] == 3 else "1, gray"
    setting = "set by data.channels; " if channels["chosen_by"] == "setting" else ""
    return f"{used} ({setting}{channels['colored']:,} of {plural(channels['images'], 'training image')} show color)"


def color_of(channels: float | None) -> str:
    """`grayscale` or `color`."""
    return "color" if channels == 3 else "grayscale"
