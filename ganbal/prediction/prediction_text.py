"""Predictions for a terminal and for a CSV file."""

import csv
import io
from typing import Any

from ganbal.runtime.tables import table


def predictions_text(facts: dict[str, Any]) -> str:
    """One line per image; below them which classifier predicted, and what the numbers mean."""
    classes, cell = facts["classes"], facts["cell"]
    header = ["image", "predicted", *(f"P({name})" for name in classes)]
    header += [f"calibrated P({name})" for name in _calibrated_classes(facts)] + ["remark"]
    rows = [_row(image, facts) for image in facts["images"]]
    lines = [
        table(header, rows),
        "",
        f"Classifier: {cell['classifier']}, arm {cell['arm']}, seed {cell['seed']} of {facts['run']} "
        f"({cell['chosen']}).",
        f"Predicted class: {_rule(facts)}.",
        f"Calibrated: temperature {facts['temperature']}, from {facts['num_validation']} validation images.",
    ]
    return "\n".join([*lines, *(f"! {warning}" for warning in facts["warnings"]), facts["notice"]])


def predictions_csv(facts: dict[str, Any]) -> str:
    """file, predicted, probability_<CLASS>…, calibrated_probability_<CLASS>…, threshold, is_synthetic, problem."""
    classes, buffer = facts["classes"], io.StringIO()
    columns = ["file", "predicted", *(f"probability_{name}" for name in classes)]
    columns += [f"calibrated_probability_{name}" for name in classes] + ["threshold", "is_synthetic", "problem"]
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    for image in facts["images"]:
        given, calibrated = (image.get(kind) or {} for kind in ("probabilities", "calibrated_probabilities"))
        writer.writerow(
            [
                image["file"],
                image.get("predicted", ""),
                *(given.get(name, "") for name in classes),
                *(calibrated.get(name, "") for name in classes),
                "" if facts["threshold"] is None else facts["threshold"],
                image.get("is_synthetic", ""),
                image.get("problem") or "",
            ]
        )
    return buffer.getvalue()


def _row(image: dict[str, Any], facts: dict[str, Any]) -> list[str]:
    if image.get("problem"):
        num_empty = len(facts["classes"]) + len(_calibrated_classes(facts))
        return [image["file"], "–", *["–"] * num_empty, f"not a readable image: {image['problem']}"]
    return [
        image["file"],
        image["predicted"],
        *(f"{image['probabilities'][name]:.3f}" for name in facts["classes"]),
        *(f"{image['calibrated_probabilities'][name]:.3f}" for name in _calibrated_classes(facts)),
        "SYNTHETIC, not a patient" if image["is_synthetic"] else "",
    ]


def _calibrated_classes(facts: dict[str, Any]) -> list[str]:
    """Of two classes class 1 says everything."""
    return facts["classes"][1:] if len(facts["classes"]) == 2 else facts["classes"]


def _rule(facts: dict[str, Any]) -> str:
    if facts["threshold"] is None:
        return str(facts["threshold_origin"])
    return f"{facts['classes'][1]} from a probability of {facts['threshold']:.3g} on ({facts['threshold_origin']})"
