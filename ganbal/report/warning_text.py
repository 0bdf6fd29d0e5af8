"""The one place that turns warnings into sentences. The run's files hold them as `{"kind": …, "values": {…}}`.

A new kind is one line in `_KINDS`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

from ganbal.report.number_text import listing, plural, score

Severity = Literal["severe", "mild"]
"""`severe` warnings can overturn the report's answer; `mild` ones limit what a number means."""

Values = Mapping[str, Any]


class WarningText(NamedTuple):
    """A warning's heading and sentence, plain text without markup."""

    title: str
    text: str
    severity: Severity = "mild"


def warning_text(record: Mapping[str, Any]) -> WarningText:
    """The heading and the sentence for a warning of the run's files; readable for unknown kinds and odd values too."""
    kind, values = str(record.get("kind")), record.get("values")
    values = values if isinstance(values, Mapping) else {}
    title, severity, make = _KINDS.get(kind, (kind, "mild", None))
    try:
        if make is not None:
            return WarningText(title, make(values), severity)
    except (KeyError, TypeError, ValueError, AttributeError):  # a value is missing or is of another type
        pass
    known = [f"{name} {value}" for name, value in values.items()]
    return WarningText(title, f"{kind.replace('-', ' ').capitalize()}{': ' + ', '.join(known) if known else ''}.", severity)


def _arm_left_out(values: Values) -> str:
    reason = _LEFT_OUT.get(str(values["reason"]), str(values["reason"]))
    return f"Arm {values['arm']} is left out for {values['classifier']}: {reason}"


_LEFT_OUT = {
    "smote-needs-fixed-features": "this classifier learns its features, and SMOTE needs fixed feature vectors.",
    "smote-needs-no-augmentation": "SMOTE needs fixed feature vectors, and augmentation makes new ones in every step. "
    "Set study.augment=none to include it.",
    "sampler-needs-batches": "this classifier is fitted to all images at once, not to batches.",
}


def _uninformative(values: Values) -> str:
    names = listing([str(name).replace("_", " ") for name in values["metrics"]])
    return f"Intervals of {names} reach the limits of the metric and exclude nothing. Use more seeds (study.seeds)."


def _mixed_devices(values: Values) -> str:
    counts = listing([f"{plural(number, 'cell')} on {device}" for device, number in values["devices"].items()])
    return (
        f"Cells were trained on different devices or precisions ({counts}). Their results differ slightly for that "
        "reason alone; train all cells on one device for a strict comparison."
    )


def _fid_bias(values: Values) -> str:
    text = (
        f"FID from {values['images']:,} images in {values['dims']:,} dimensions is dominated by its bias: compare it only "
        "with its floor at the same number of images, never with values from elsewhere."
    )
    if values.get("infinity_images") is not None:
        text += (
            f" FID at infinite N is extrapolated from as few as {values['infinity_images']:.0f} images, where the "
            "relation is not linear; compare it with its floor, too."
        )
    return text


_KINDS: dict[str, tuple[str, Severity, Callable[[Values], str] | None]] = {
    # Severe: the answer may be wrong.
    "stale": ("Out of date", "severe", lambda v: f"{v['outdated']} may be out of date: {v['input']}. {v['action']}"),
    "separable": (
        "Shortcut",
        "severe",
        lambda v: f"A simple classifier separates synthetic from real images with AUC {v['auc']:.3f} (0.5 would be chance). "
        "A network trained on both can learn resolution or artifacts as a shortcut instead of anatomy.",
    ),
    "smaller-generator": (
        "Shortcut",
        "severe",
        lambda v: f"The generator makes images of {v['generator_px']} px and {v['classifier']} takes {v['classifier_px']} px: "
        "enlarged synthetic images are blurrier than real ones, and blur can give their class away.",
    ),
    "copies": (
        "Copies",
        "severe",
        lambda v: f"{v['share']:.1%} of the synthetic images are closer to a training image than new real images are "
        f"({v['expected']:.1%} expected): the generator copies training images.",
    ),
    "data-copying": (
        "Copies",
        "severe",
        lambda v: "Synthetic images are systematically closer to the training images than held-out real images are "
        f"(z = {score(v['z'])}): copying, or held-out images from another source.",
    ),
    "near-identical": (
        "Copies",
        "severe",
        lambda v: f"{plural(v['images'], 'synthetic image is', 'synthetic images are')} almost identical to a training image.",
    ),
    "few-seeds": (
        "Few seeds",
        "severe",
        lambda v: f"Only {plural(v['seeds'], 'seed')} per cell: differences of a few points between so few trainings are "
        f"chance. Use at least {v['needed']} (study.seeds).",
    ),
    "one-test-patient": (
        "Few patients",
        "severe",
        lambda v: f"All {plural(v['images'], 'test image')} are of one patient: the intervals cover other training seeds "
        "only, and nothing here applies to other patients.",
    ),
    "stopped-on-test": (
        "Protocol",
        "severe",
        lambda v: "Protocol documents: training was stopped early on the test set, as in the published reports. All "
        "results are likely too good, and no estimate for new patients.",
    ),
    "shared-patients": (
        "Leakage",
        "severe",
        lambda v: f"{plural(v['patients'], 'patient id')} in both {listing(v['splits'])}. If these are the same people, "
        "results are too good.",
    ),
    "duplicates-across-splits": (
        "Leakage",
        "severe",
        lambda v: f"{plural(v['groups'], 'group')} of identical images are in more than one split.",
    ),
    "no-patients": (
        "Patients",
        "severe",
        lambda v: "The split is by image: no patients were recognized. Images of one patient can be in two splits, which "
        "makes results too good.",
    ),
    "phantom": (
        "Phantom set",
        "severe",
        lambda v: "The images are simulated, not radiographs of patients. The numbers show how the method works and say "
        "nothing about patients.",
    ),
    "section-failed": ("Report", "severe", lambda v: f"Section “{v['section']}” could not be made: {v['error']}"),
    "damaged-file": (
        "Damaged file",
        "severe",
        lambda v: f"{v['file']} could not be used in full: {v['reason']}. What it holds is missing here.",
    ),
    # Mild: what a number means is limited.
    "few-test-patients": (
        "Few patients",
        "mild",
        lambda v: f"The test set has only {plural(v['patients'], 'patient')}: the intervals for other patients are rough. "
        f"Use at least {v['needed']}.",
    ),
    "not-pretrained": (
        "Not pretrained",
        "mild",
        lambda v: f"{v['classifier']} is not pretrained: its frozen layers are random (weights: none).",
    ),
    "arm-left-out": ("Left out", "mild", _arm_left_out),
    "uninformative-intervals": ("Wide intervals", "mild", _uninformative),
    "mixed-devices": ("Mixed devices", "mild", _mixed_devices),
    "fid-bias": ("FID", "mild", _fid_bias),
    "held-out-differ": (
        "Held-out images",
        "mild",
        lambda v: f"The held-out real images differ from the training images (AUC {v['auc']:.3f}): they come from another "
        "source or were processed differently, so floors from held-out images are high.",
    ),
    "no-held-out": (
        "Held-out images",
        "mild",
        lambda v: "No held-out real images were given: the copy threshold was determined from the training images among "
        "themselves, and the data-copying test was left out.",
    ),
    "extractor": ("Features", "mild", lambda v: f"Feature extractor {v['name']}: {v['note']}."),
    "conflicting-labels": (
        "Data",
        "mild",
        lambda v: f"{plural(v['groups'], 'group')} of identical images have different class names.",
    ),
    "unreadable-files": (
        "Data",
        "mild",
        lambda v: f"{plural(v['files'], 'file')} could not be read and {'was' if v['files'] == 1 else 'were'} left out; the "
        "data section lists them.",
    ),
    "text": ("Scores", "mild", lambda v: str(v["text"])),
}
"""kind → heading, severity, sentence."""
