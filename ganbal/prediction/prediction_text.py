"""Predictions for a terminal and for a CSV file."""

import csv
import io
from typing import Any

from ganbal.runtime.tables import table


def predictions_text(content: dict[str, Any]) -> str:
    """One line per image; below them which classifier predicted, and what the numbers mean."""
    classes, cell = content["classes"], content["cell"]
    header = ["image", "predicted", *(f"P({name})" for name in classes)]
    header += [f"calibrated P({name})" for name in _calibrated_classes(content)] + ["remark"]
    rows = [_row(image, content) for image in content["images"]]
    lines = [
        table(header, rows),
        "",
        f"Classifier: {cell['classifier']}, arm {cell['arm']}, seed {cell['seed']} of {content['run']} "
        f"({cell['chosen']}).",
        f"Predicted class: {_rule(content)}.",
        f"Calibrated: temperature {content['temperature']}, from {content['num_validation']} validation images.",
    ]
    return "\n".join([*lines, *(f"! {warning}" for warning in content["warnings"]), content["notice"]])


def predictions_csv(content: dict[str, Any]) -> str:
    """file, predicted, probability_<CLASS>…, calibrated_probability_<CLASS>…, threshold, is_synthetic, problem."""
    classes, buffer = content["classes"], io.StringIO()
    columns = ["file", "predicted", *(f"probability_{name}" for name in classes)]
    columns += [f"calibrated_probability_{name}" for name in classes] + ["threshold", "is_synthetic", "problem"]
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    for image in content["images"]:
        given, calibrated = (image.get(kind) or {} for kind in ("probabilities", "calibrated_probabilities"))
        writer.writerow(
            [
                image["file"],
                image.get("predicted", ""),
                *(given.get(name, "") for name in classes),
                *(calibrated.get(name, "") for name in classes),
                "" if content["threshold"] is None else content["threshold"],
                image.get("is_synthetic", ""),
                image.get("problem") or "",
            ]
        )
    return buffer.getvalue()


def _row(image: dict[str, Any], content: dict[str, Any]) -> list[str]:
    if image.get("problem"):
        num_empty = len(content["classes"]) + len(_calibrated_classes(content))
        return [image["file"], "–", *["–"] * num_empty, f"not a readable image: {image['problem']}"]
    return [
        image["file"],
        image["predicted"],
        *(f"{image['probabilities'][name]:.3f}" for name in content["classes"]),
        *(f"{image['calibrated_probabilities'][name]:.3f}" for name in _calibrated_classes(content)),
        "SYNTHETIC, not a patient" if image["is_synthetic"] else "",
    ]


def _calibrated_classes(content: dict[str, Any]) -> list[str]:
    """Of two classes, the probability of class 1 suffices."""
    return content["classes"][1:] if len(content["classes"]) == 2 else content["classes"]


def _rule(content: dict[str, Any]) -> str:
    if content["threshold"] is None:
        return str(content["threshold_origin"])
    threshold, origin = content["threshold"], content["threshold_origin"]
    return f"{content['classes'][1]} from a probability of {threshold:.3g} on ({origin})"
