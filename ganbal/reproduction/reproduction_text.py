"""A reproduction for a terminal and for a CSV file."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ganbal.runtime import number_text
from ganbal.runtime.tables import table

_COLUMNS = (
    "system",
    "name",
    "classifier",
    "arm",
    "whose",
    "accuracy",
    "accuracy_sd",
    "low",
    "high",
    "num_seeds",
    "recall_NORMAL",
    "recall_PNEUMONIA",
    "augmented_versions",
    "median_seed",
    "confusion_matrix",
    "is_within_published_interval",
    "skipped",
)


def reproduction_text(content: Mapping[str, Any]) -> str:
    """Published versus ours, one block per system, and what the columns mean."""
    header = ["system", "whose", "accuracy", "within", "seeds", "confusion matrix"]
    rows = [_as_text(row) for system in content["systems"] for row in rows_of(system)]
    skipped = [f"{s['title']} ({s['name']}): skipped. {s['skipped']}" for s in content["systems"] if s["skipped"]]
    lines = [
        table(header, rows) if rows else "No published system was trained.",
        "",
        "published: accuracy with its binomial 95 % interval, one training. ours: mean ± sd over seeds, matrix of the "
        "median seed [[TN, FP], [FN, TP]]; within: whether our mean lies in the published interval.",
        "documents: stopped on the test set, as published (flatters). honest: stopped on validation patients.",
        *_differences_text(content["differences"]),
        *(f"! {remark}" for remark in content["remarks"]),
        *(f"! {line}" for line in skipped),
    ]
    return "\n".join(lines)


def _differences_text(differences: Sequence[Mapping[str, Any]]) -> list[str]:
    """Accuracy on the balanced sets beside that on the original ones; nothing where no document has both."""
    if not differences:
        return []
    header = ["balanced minus original", "protocol", "published", "ours, points", "seeds"]
    rows = [
        [
            row["baseline_title"],
            row["protocol"],
            number_text.points(row["published"]),
            f"{number_text.points(row['mean'])} ({number_text.points_interval(row['low'], row['high'])})",
            str(row["n"]),
        ]
        for row in differences
        if row["metric"] == "accuracy"
    ]
    note = "Differences of accuracy, with 95 % intervals for other seeds and patients; the report has other metrics."
    return ["", table(header, rows), "", note]


def reproduction_csv(content: Mapping[str, Any]) -> str:
    """One row per system and origin of the figure: published, documents, honest."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, _COLUMNS, lineterminator="\n", restval="")
    writer.writeheader()
    for system in content["systems"]:
        writer.writerows({name: "" if v is None else v for name, v in row.items()} for row in rows_of(system))
    return buffer.getvalue()


def rows_of(system: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The published row, then one row per protocol that was trained."""
    published = system["published"]
    common = {"system": system["title"], **{key: system[key] for key in ("name", "classifier", "arm")}}
    recall = published["recall"] or [None, None]
    low, high = published["interval"] or (None, None)
    yield common | {
        "whose": f"published ({published['document']})",
        "accuracy": published["accuracy"],
        "low": low,
        "high": high,
        "num_seeds": 1,
        "recall_NORMAL": recall[0],
        "recall_PNEUMONIA": recall[1],
        "confusion_matrix": published["confusion_matrix"],
        "skipped": system["skipped"],
    }
    for protocol, found in system["protocols"].items():
        yield common | {
            "whose": f"ours, {protocol}",
            "accuracy": found["accuracy_mean"],
            "accuracy_sd": found["accuracy_sd"],
            "num_seeds": len(found["seeds"]),
            "recall_NORMAL": found.get("recall_NORMAL"),
            "recall_PNEUMONIA": found.get("recall_PNEUMONIA"),
            "augmented_versions": found["augmented_versions"] or "",
            "median_seed": found["median_seed"],
            "confusion_matrix": found["confusion_matrix"],
            "is_within_published_interval": found["is_within_published_interval"],
        }


def _as_text(row: Mapping[str, Any]) -> list[str]:
    accuracy, within = row["accuracy"], row.get("is_within_published_interval")
    text = number_text.mean_sd(accuracy, row.get("accuracy_sd"))
    if row.get("low") is not None:
        text += f" ({number_text.share(row['low'])} to {number_text.share(row['high'])})"
    matrix = row["confusion_matrix"]
    return [
        row["system"],
        row["whose"],
        text,
        "" if within is None else "yes" if within else "no",
        str(row["num_seeds"]),
        number_text.UNKNOWN if matrix is None else str(matrix),
    ]
