"""The sentences for warnings, which the run's files hold as records `{"kind": …, "values": {…}}`."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ganbal.report.number_text import listing, plural

_LEFT_OUT = {
    "smote-needs-fixed-features": "this classifier learns its features, and SMOTE needs fixed feature vectors.",
    "smote-needs-no-augmentation": "SMOTE needs fixed feature vectors, and augmentation makes new ones in every step. "
    "Set study.augment=none to include it.",
    "sampler-needs-batches": "this classifier is fitted to all images at once, not to batches.",
}


class WarningText(NamedTuple):
    """A warning's heading and its sentence."""

    title: str
    text: str


def warning_text(record: Mapping[str, Any]) -> WarningText:
    """The heading and the sentence for a warning of study/summary.json."""
    make = _TEXTS.get(str(record.get("kind")))
    values = record.get("values")
    if make is None or not isinstance(values, Mapping):
        return WarningText("Study", str(record.get("kind")))
    return make(values)


def _few_seeds(values: Mapping[str, Any]) -> WarningText:
    return WarningText(
        "Few seeds",
        f"Only {plural(values['seeds'], 'seed')} per cell: differences of a few points between so few trainings are "
        f"chance. Use at least {values['needed']} (study.seeds).",
    )


def _few_test_patients(values: Mapping[str, Any]) -> WarningText:
    return WarningText(
        "Few patients",
        f"The test set has only {plural(values['patients'], 'patient')}: the intervals for other patients are rough. "
        f"Use at least {values['needed']}.",
    )


def _one_test_patient(values: Mapping[str, Any]) -> WarningText:
    return WarningText(
        "Few patients",
        f"All {plural(values['images'], 'test image')} are of one patient: the intervals cover other training seeds "
        "only, and nothing here applies to other patients.",
    )


def _stopped_on_test(values: Mapping[str, Any]) -> WarningText:
    return WarningText(
        "Protocol",
        "Protocol `documents`: training was stopped early on the test set, as in the published reports. All figures "
        "are likely too good and no estimate for new patients.",
    )


def _not_pretrained(values: Mapping[str, Any]) -> WarningText:
    return WarningText(
        "Not pretrained", f"{values['classifier']} is not pretrained: its frozen layers are random (weights: none)."
    )


def _arm_left_out(values: Mapping[str, Any]) -> WarningText:
    reason = _LEFT_OUT.get(str(values["reason"]), str(values["reason"]))
    return WarningText("Study", f"Arm `{values['arm']}` is left out for {values['classifier']}: {reason}")


def _uninformative_intervals(values: Mapping[str, Any]) -> WarningText:
    names = listing([str(name).replace("_", " ") for name in values["metrics"]])
    return WarningText(
        "Uninformative",
        f"Intervals of {names} reach the limits of the metric: they exclude nothing. Use more seeds (study.seeds).",
    )


def _mixed_devices(values: Mapping[str, Any]) -> WarningText:
    counts = listing([f"{plural(number, 'cell')} on {device}" for device, number in values["devices"].items()])
    return WarningText(
        "Mixed devices",
        f"Cells were trained on different devices or precisions ({counts}). Their figures differ slightly for that "
        "reason alone; train all cells on one device for a strict comparison.",
    )


_TEXTS: dict[str, Callable[[Mapping[str, Any]], WarningText]] = {
    "few-seeds": _few_seeds,
    "few-test-patients": _few_test_patients,
    "one-test-patient": _one_test_patient,
    "stopped-on-test": _stopped_on_test,
    "not-pretrained": _not_pretrained,
    "arm-left-out": _arm_left_out,
    "uninformative-intervals": _uninformative_intervals,
    "mixed-devices": _mixed_devices,
}
