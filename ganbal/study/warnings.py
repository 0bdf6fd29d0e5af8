"""Warnings of a study as data. Each has a kind and values; `ganbal.runtime.warning_text` makes the sentences.

| kind | values | when |
|---|---|---|
| `few-seeds` | `seeds`, `needed` | fewer seeds than a conclusion needs |
| `few-test-patients` | `class_name`, `patients`, `needed` | a class has few test patients: rough intervals |
| `one-test-patient` | `class_name`, `images` | a class has one test patient: no claim about others |
| `stopped-on-test` | | protocol `documents`: early stopping looked at the test set |
| `not-pretrained` | `classifier` | a frozen backbone has random weights |
| `arm-left-out` | `arm`, `classifier`, `reason` | the pair cannot be trained; `reason` is one of `LEFT_OUT_REASONS` |
| `uninformative-intervals` | `metrics` | at least one interval exceeded the metric's range and was clipped to it |
| `mixed-devices` | `devices` | cells were trained on different devices or precisions: {"cuda bfloat16": 7, …} |
"""

from collections.abc import Mapping, Sequence
from typing import Any

NEEDED_SEEDS = 5
NEEDED_TEST_PATIENTS = 30

KINDS = (
    "few-seeds",
    "few-test-patients",
    "one-test-patient",
    "stopped-on-test",
    "not-pretrained",
    "arm-left-out",
    "uninformative-intervals",
    "mixed-devices",
)
LEFT_OUT_REASONS = (
    *("smote-needs-fixed-features", "smote-needs-no-augmentation"),
    *("sampler-needs-batches", "arm-needs-steps", "arm-needs-batch-norm"),
)

WarningRecord = dict[str, Any]
"""`{"kind": one of KINDS, "values": {name: number, text, list or mapping}}`, ready for JSON."""


def warning(kind: str, **values: Any) -> WarningRecord:
    assert kind in KINDS, kind
    return {"kind": kind, "values": values}


def study_warnings(
    *,
    num_seeds: int,
    protocol: str,
    classifiers: Sequence[Mapping[str, Any]],
    rarest_class: tuple[str, int, int],
    differences: Sequence[Mapping[str, Any]],
    devices: Mapping[str, int],
) -> list[WarningRecord]:
    """The warnings about the study, in the order of importance.

    Args:
        classifiers: the entries of summary.json (`title`, `pretrained`).
        rarest_class: the class of which the fewest patients are in the test part: its name, number of test images and
            number of patients.
        differences: the rows of summary.json.
        devices: number of cells per `device` in their metrics.json.
    """
    found = []
    if num_seeds < NEEDED_SEEDS:
        found.append(warning("few-seeds", seeds=num_seeds, needed=NEEDED_SEEDS))
    if protocol == "documents":
        found.append(warning("stopped-on-test"))
    class_name, num_images, num_patients = rarest_class
    if num_patients == 1:
        found.append(warning("one-test-patient", class_name=class_name, images=num_images))
    elif num_patients < NEEDED_TEST_PATIENTS:
        values = {"class_name": class_name, "patients": num_patients, "needed": NEEDED_TEST_PATIENTS}
        found.append(warning("few-test-patients", **values))
    if clipped := list(dict.fromkeys(row["metric"] for row in differences if not row["is_informative"])):
        found.append(warning("uninformative-intervals", metrics=clipped))
    if len(devices) > 1:
        found.append(warning("mixed-devices", devices=dict(devices)))
    random = [entry["title"] for entry in classifiers if entry["pretrained"] == "none"]
    return found + [warning("not-pretrained", classifier=title) for title in random]
