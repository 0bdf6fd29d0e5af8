"""Sentences for all warnings, for the terminal, errors and the report.

A warning is a record `{"kind": …, "values": {…}}`. A new kind is one line in `KINDS`.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from ganbal.runtime.number_text import UNKNOWN, listing, plural, some_of

Severity = Literal["severe", "mild"]
"""`severe` warnings can overturn the report's answer; `mild` ones limit what a number means."""


class WarningText(NamedTuple):
    """A warning's heading and sentence, plain text without markup."""

    title: str
    text: str
    severity: Severity = "mild"


def warning_text(record: Mapping[str, Any]) -> WarningText:
    """The heading and the sentence for a warning of the run's files; readable for unknown kinds and odd values too."""
    kind, values = str(record.get("kind")), record.get("values")
    values = values if isinstance(values, Mapping) else {}
    if kind not in KINDS:
        known = ", ".join(f"{name} {_shown(value)}" for name, value in values.items())
        return WarningText("Note", f"{kind.replace('-', ' ').capitalize()}{': ' + known if known else ''}.")
    title, severity, sentence = KINDS[kind]
    reason = _LEFT_OUT.get(str(values.get("reason")))
    return WarningText(
        title, sentence.format_map(_Values({**values, **({"reason": reason} if reason else {})})), severity
    )


class _Values(dict[str, Any]):
    """Values for a template; a missing one is shown as unknown, and a list as the first of `count` names."""

    def __getitem__(self, name: str) -> "_Value":
        value = self.get(name)
        return _Value(value, self.get("count"))


class _Value:
    """One value in a sentence.

    Shown as text, by a number format (`{auc:.3f}`), with its noun (`{seeds:#seed}` → `2 seeds`), as a list of
    identifiers in words (`{metrics:words}`), or as a list that is never cut (`{suffixes:all}`).
    """

    def __init__(self, value: Any, count: Any = None) -> None:
        self._value = value
        self._count = count if isinstance(count, int) else None

    def __format__(self, form: str) -> str:
        if isinstance(self._value, list):
            names = [_shown(one) for one in self._value]
            if form == "all":
                return listing(names)
            return some_of([name.replace("_", " ") if form == "words" else name for name in names], self._count)
        is_number = isinstance(self._value, int | float) and not isinstance(self._value, bool)
        if not form or not is_number:
            return _shown(self._value)
        return plural(self._value, *form[1:].split("/")) if form.startswith("#") else format(self._value, form)


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return listing([f"{count} {name}" for name, count in value.items()])
    if isinstance(value, list):
        return some_of([_shown(one) for one in value])
    return UNKNOWN if value is None else str(value)


_LEFT_OUT = {
    "smote-needs-fixed-features": "this classifier learns its features, and SMOTE needs fixed feature vectors",
    "smote-needs-no-augmentation": "SMOTE needs fixed feature vectors, and augmentation makes new ones in every step. "
    "Set study.augment=none to include it",
    "sampler-needs-batches": "this classifier is fitted to all images at once, not to batches",
    "arm-needs-steps": "this classifier is fitted to all images at once, and weights or an order of synthetic images "
    "need training in steps",
    "arm-needs-batch-norm": "this classifier has no batch normalization that is trained, and the arm needs two of each",
}
"""Reasons of `arm-left-out`."""

KINDS: dict[str, tuple[str, Severity, str]] = {
    # Of the report itself.
    "stale": ("Out of date", "severe", "{outdated} may be out of date: {input}. {action}"),
    "section-failed": ("Report", "severe", "“{section}” could not be made from the run's files: {error}"),
    "damaged-file": ("Damaged file", "severe", "{file} could not be used in full: {reason}."),
    "damaged-files": ("Damaged file", "severe", "The same of {files:#more file}: {names}."),
    "phantom": (
        "Phantom set",
        "severe",
        "The images are simulated, not radiographs of patients. The numbers show how the method works and say nothing "
        "about patients.",
    ),
    "imported-generator": (
        "Imported generator",
        "severe",
        "The generator of {class} was trained elsewhere on other images than the training images of this run. If test "
        "images of this run were among them, the study flatters it.",
    ),
    "answer-for-fraction": (
        "Fraction",
        "mild",
        "The study's answer is about {percent} % of the minority class, with a generator that saw only these images. "
        "The generator, the synthetic images and the scores of this report are those of the whole class.",
    ),
    "smaller-generator": (
        "Shortcut",
        "severe",
        "The generator makes images of {generator_px} px and {classifier} takes {classifier_px} px: enlarged synthetic "
        "images are blurrier than real ones, and blur can give their class away.",
    ),
    "shared-patients": (
        "Leakage",
        "severe",
        "Patient ids that two splits share: {places}. If these are the same people, results are too good.",
    ),
    "patients-across-splits": (
        "Leakage",
        "severe",
        "Patients in more than one split: {places}. Results are too good; data.resplit=true splits all images anew, by "
        "patient.",
    ),
    "duplicates-across-splits": ("Leakage", "severe", "{groups:#group} of identical images in more than one split."),
    "conflicting-labels": (
        "Data",
        "mild",
        "{groups:#group} of identical images with different class names, such as {example}.",
    ),
    # Of the data.
    "no-patients": (
        "Patients",
        "severe",
        "No patients recognized in the names of {images:#image}: the splits are by image, or by volume, so "
        "images of one patient may be in several splits and results may be too good. Set data.patient_pattern, or list "
        "the images in a CSV file with a patient column.",
    ),
    "some-patients": (
        "Patients",
        "mild",
        "Patients recognized for {recognized:,} of {images:#image} only; each of the others, such as {example}, "
        "counts as a patient of its own.",
    ),
    "masks": ("Data", "mild", "{count:#segmentation mask} left out, such as {example}."),
    "other-formats": (
        "Data",
        "mild",
        "Files of other formats are left out: {by_suffix}, such as {example} (images are {read:all}).",
    ),
    "names-with-tags": (
        "Privacy",
        "mild",
        "Paths of {count:#DICOM file} hold patient ids or UIDs of their tags, and file names are written to results: "
        "rename the files before you share a run.",
    ),
    "windows-by-class": (
        "Shortcut",
        "severe",
        "Of the DICOM files, {of_class:all} have a window of their own; the others are shown by the range of the set. "
        "A classifier can learn this difference instead of anatomy. Set data.window for all.",
    ),
    "mixed-windows": (
        "Data",
        "mild",
        "{windows} of {images:#image} have a DICOM window of their own; the others are shown by the range of the set. "
        "data.window sets one for all.",
    ),
    "repeated-lines": ("Data", "mild", "{count:#line} of the table name a file that another line names already."),
    "uncertain-labels": (
        "Data",
        "mild",
        "{count:#line} of the table left out, because they say of {label} that it is uncertain (−1).",
    ),
    "unreadable-files": (
        "Data",
        "mild",
        "{count} of {images:#image file} cannot be read and are left out: {examples}.",
    ),
    "unreadable-folders": ("Data", "mild", "Folders that cannot be read are left out: {folders}."),
    "repeated-folders": ("Data", "mild", "Linked folders that were already read are not read again: {folders}."),
    "empty-folders": ("Data", "mild", "Folders without images are not classes: {folders}."),
    "nested-copies": ("Data", "mild", "Folders that repeat the class folders beside them are left out: {folders}."),
    "unused-folders": ("Data", "mild", "Folders beside the splits are not used: {folders}."),
    "no-class": ("Data", "mild", "{count:#image} outside class folders left out, in {folder}."),
    "no-split": ("Data", "mild", "{count:#image} outside the folders of the splits left out, in {folder}."),
    "not-utf-8": ("Data", "mild", "{count:#file} left out because the name is not valid UTF-8, such as {example}."),
    "few-colored": (
        "Data",
        "mild",
        "{colored} of {images:#training image} show color, fewer than half, so all images are read in gray. "
        "data.channels=3 keeps the colors.",
    ),
    "mixed-colors": (
        "Data",
        "mild",
        "The images are read in color, but {gray} of {images:#training image} are gray ({colored_of_class:all} show "
        "color).",
    ),
    "color-by-class": (
        "Shortcut",
        "severe",
        "Color differs between the classes: {colored_of_class:all} show color. A network can learn that instead of the "
        "finding; data.channels=1 reads all images in gray.",
    ),
    "depth-by-class": (
        "Shortcut",
        "severe",
        "Depth differs between the classes: {deep_of_class:all} have more than 8 bits per channel and are scaled to 8 "
        "by one range, the others are used as they are. A network can learn this difference in brightness instead of "
        "the finding: save all images with the same depth.",
    ),
    "several-pages": (
        "Data",
        "mild",
        "{files:#file has/files have} several pages or frames, such as {example}; the first of each is used.",
    ),
    "far-from-square": (
        "Data",
        "mild",
        "The images are far from square (median {elongation:.1f} : 1) and are stretched to squares. data.fit=pad or "
        "data.fit=crop keeps their proportions.",
    ),
    # Of the scores.
    "shortcut": (
        "Shortcut",
        "severe",
        "A simple classifier separates synthetic from real images with AUC {auc:.3f} (0.5 would be chance). A network "
        "trained on both can learn resolution or artifacts as a shortcut instead of anatomy.",
    ),
    "held-out-differs": (
        "Held-out images",
        "mild",
        "The held-out real images differ from the training images (AUC {auc:.3f}): they come from another source or "
        "were processed differently, so floors from held-out images are high.",
    ),
    "below-chance": (
        "Copies",
        "severe",
        "A simple classifier that separates synthetic from real images is worse than chance (AUC {auc:.3f}, at most "
        "{high:.3f}): synthetic images repeat real ones, which hides differences.",
    ),
    "copies": (
        "Copies",
        "severe",
        "{share:.1%} of the synthetic images are closer to a training image than new real images are ({expected:.1%} "
        "expected): the generator copies training images.",
    ),
    "near-identical": ("Copies", "severe", "{images:#synthetic image} almost identical to a training image."),
    "data-copying": (
        "Copies",
        "severe",
        "Synthetic images are systematically closer to the training images than held-out real images are "
        "(C_T = {c_t:.1f}, {z:.1f} standard errors): copying, or held-out images from another source.",
    ),
    "no-held-out": (
        "Held-out images",
        "mild",
        "No held-out real images were used: the copy threshold was determined from the training images among "
        "themselves, and the data-copying test was left out.",
    ),
    "few-held-out": (
        "Held-out images",
        "mild",
        "{images:#held-out image} that are no duplicates of training images: too few for a copy threshold, which needs "
        "{needed} and was determined from the training images among themselves.",
    ),
    "no-copy-threshold": (
        "Copies",
        "severe",
        "Whether the generator copies was not examined: {duplicates} of the {origin} images are duplicates of training "
        "images, and the {images} others are too few for a threshold.",
    ),
    "fid-bias": (
        "FID",
        "mild",
        "FID from {images} images in {dims} dimensions is dominated by its bias: compare it only with its floor at the "
        "same N, never with values at another N.",
    ),
    "fid-extrapolation": (
        "FID",
        "mild",
        "FID at infinite N is extrapolated from as few as {images} images in {dims} dimensions, where the relation is "
        "not linear: compare it with its floor, which would be 0 for a linear relation.",
    ),
    "extractor-note": ("Features", "mild", "Extractor {extractor}: {note}."),
    "unknown-extractor": (
        "Scores",
        "mild",
        "A statistics file does not name its extractor, weights and resize rule: the value is only meaningful if they "
        "were the same.",
    ),
    "statistics-only": ("Scores", "mild", "From statistics only FID can be computed, without a floor."),
    "other-classes": ("Scores", "mild", "These scores are of {class_name} only; {others} are scored separately."),
    "class-not-scored": (
        "Scores",
        "mild",
        "Images of {class_name} are not scored. {reason}",
    ),
    # Of the study.
    "few-seeds": (
        "Few seeds",
        "severe",
        "Only {seeds:#seed} per cell: differences of a few points between so few trainings are chance. Use at least "
        "{needed} (study.seeds).",
    ),
    "one-test-patient": (
        "Few patients",
        "severe",
        "All {images:#test image} of {class_name} are of one patient: the intervals cover other training seeds only, "
        "and nothing here applies to other patients.",
    ),
    "few-test-patients": (
        "Few patients",
        "mild",
        "The test images of {class_name} are of only {patients:#patient}: the intervals for other patients are rough. "
        "Use at least {needed}.",
    ),
    "stopped-on-test": (
        "Protocol",
        "severe",
        "Protocol documents: training was stopped early on the test set, as in the published reports. The results are "
        "likely too optimistic and do not estimate performance on new patients.",
    ),
    "not-pretrained": (
        "Not pretrained",
        "mild",
        "{classifier} is not pretrained: its frozen layers are random (weights: none).",
    ),
    "arm-left-out": ("Left out", "mild", "Arm {arm} is left out for {classifier}: {reason}."),
    "uninformative-intervals": (
        "Wide intervals",
        "mild",
        "Intervals of {metrics:words} reach the limits of the metric and exclude nothing. "
        "Use more seeds (study.seeds).",
    ),
    "mixed-devices": (
        "Mixed devices",
        "mild",
        "Cells were trained on different devices or in different ways ({devices}). Their results differ slightly for "
        "that reason alone; train all cells on one device for a strict comparison.",
    ),
}
"""kind → heading, severity, sentence with the values in braces."""
